BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('4');
CREATE TABLE audit_event (
	position INTEGER NOT NULL, 
	at VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	tenant VARCHAR, 
	kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	row_digest VARCHAR NOT NULL, 
	leaf_hash VARCHAR NOT NULL, 
	PRIMARY KEY (position)
);
INSERT INTO "audit_event" VALUES(0,'2026-11-29T04:24:33.034590Z','operator','tenant-0','tenant.added','tenant:tenant-0','fc5e4400a900fc6639223e7fb931c42d53ac8e8c20afea79a9526350334dbd72','440d3b1ff9dda1f73f4cd2a960b84ef87184b118d828c5789f449de4c962a292');
INSERT INTO "audit_event" VALUES(1,'2026-11-29T04:24:33.034590Z','operator','tenant-0','data_key.added','data_key:tenant-0/1','3bf3ba02bfa4f292571fcd3a8c5f973769d8be8fe26c6e7dd05786f25b6bebe4','6b25fa2d0b213c4d849840b26467a7a8e990f5c4baa1b54cf72702aad2272352');
INSERT INTO "audit_event" VALUES(2,'2026-11-29T04:24:33.034590Z','operator','tenant-0','tenant_key.added','tenant_key:tenant-0/8e1f630edb49ad820022257ebb340dbab1edacf90c29a8263ee40d4928fa9915','8939bac4fb96a5f9451c2c51efde485a1bfff28699f1c6762e1bf4cbe5d42c3c','bccfa4671b066503297ce3d09e1ca9dd4f48062e0c4716c0c3cb72f797880354');
INSERT INTO "audit_event" VALUES(3,'2026-11-29T04:24:33.034590Z','operator','tenant-0','tenant_request.added','tenant_request:tenant-0','2f7fcd4991b79b3756968610029ec7b002536236b35eee1ad3a0a4ca00d1f6ed','db311f72c94e726ea72a809aa500a554d9d631357ab734948516926cdade223f');
INSERT INTO "audit_event" VALUES(4,'2026-11-29T04:24:33.070240Z','operator','tenant-0','tenant.approved','tenant:tenant-0','39851f4863a86fe8dc9f6f2079c7173cd8f5d808db7d2ff4b12ce35f965f4cb4','0c5dd3e2a6adad6703403e0e45f31f0ecd33ad814ba7153cc9d381e193faf621');
INSERT INTO "audit_event" VALUES(5,'2026-11-29T04:24:33.073476Z','operator','tenant-0','tenant.active','tenant:tenant-0','60dae2abc3d45813809a4e3226694680e60ccfa9f6fccf7b2baf117735ee3c90','2c4c7b471782cc46469b27d1f0aef5760cad361ad4a6ce66682d8c8ac0469b2c');
INSERT INTO "audit_event" VALUES(6,'2026-11-29T04:24:33.076118Z','tenant-0','tenant-0','consent.added','consent:tenant-0/research/2026-11-29T04:24:33.075813Z','9cc9ed47428ea8deea98e7bee76fa8f781fefe9db7eb178affee31a7f2737d52','7e898eaf14550da7e1ef072900fda2d9e1a6d8133132b7648c4a15b273b6ecc3');
INSERT INTO "audit_event" VALUES(7,'2026-11-29T04:24:33.087286Z','operator','tenant-1','tenant.added','tenant:tenant-1','d35727f264d5753f3336acff994158dee833b70f9199a0fc91b8d322dafb474f','85287a93926089599167db9cdb39524f89b2e08f25e81c853d9c40d0eb9abd16');
INSERT INTO "audit_event" VALUES(8,'2026-11-29T04:24:33.087286Z','operator','tenant-1','data_key.added','data_key:tenant-1/1','c19eaebf644f43da185553335dc474afcfc6f4149c9bd06f088cd285953cc75f','a71941a9ea4e310102af661c64b6677d3c214a2e960ce8d9a2e90d97ca565639');
INSERT INTO "audit_event" VALUES(9,'2026-11-29T04:24:33.087286Z','operator','tenant-1','tenant_key.added','tenant_key:tenant-1/4a9fa31ddd5a273afc1fd5a818068dcd7ffbb322aa3541bfd7b25bda139b3641','ffdca202325fb631f6b6bb0a5a0ac3dcb41eb996e41ea9db110304b56c47fa39','f64baf19e96c579cb065c7fd2cc55670249adfe20c47d6b3594dc6b66693ba59');
INSERT INTO "audit_event" VALUES(10,'2026-11-29T04:24:33.087286Z','operator','tenant-1','tenant_request.added','tenant_request:tenant-1','c4bc383c2a9684ea1acd54c2af955a5319b3fe9d00d0a694c3dfadf660ca37d4','f6d6a3e3ba4798d8d9d1876c1645272cf619bc602a3f22c2ed30689ccfa484ab');
INSERT INTO "audit_event" VALUES(11,'2026-11-29T04:24:33.092337Z','operator','tenant-1','tenant.approved','tenant:tenant-1','e435ed9d0dc59a0ae90c167f7b1eb244a2543a48a5e8dc018f6d4365b4c5e812','e05c563d3fccc705c0635c9b742e8fb9460c822fd4c64364f756177c1c4650c1');
INSERT INTO "audit_event" VALUES(12,'2026-11-29T04:24:33.094561Z','operator','tenant-1','tenant.active','tenant:tenant-1','b1c2e522edc1d510337d28473223c5f67abd0f764470937c68a0c224e3f9990b','91fc93610e80a674ca360e70cbdb4ff466ec46e772f6696df18a30d25b76264f');
INSERT INTO "audit_event" VALUES(13,'2026-11-29T04:24:33.096980Z','tenant-1','tenant-1','consent.added','consent:tenant-1/research/2026-11-29T04:24:33.096798Z','5fbe99d7282ad0ceeacbb55069f9d73a6b26db90cd780a89ab5cb3ffb24217aa','ceb8175ecbf28934318c913828682b79f837a0b8179e217771e19a54e12c8d29');
INSERT INTO "audit_event" VALUES(14,'2026-11-29T04:24:33.101528Z','operator','tenant-2','tenant.added','tenant:tenant-2','f4186351ec6bc5d415f67c9d3f9ecdd95581d01e931fde0c2463044dd001ce27','582443c2050dcb6d1f2081affa8c822198e79a45dbd68d7dacba581be36ae29f');
INSERT INTO "audit_event" VALUES(15,'2026-11-29T04:24:33.101528Z','operator','tenant-2','data_key.added','data_key:tenant-2/1','f4f042619adb1b52c604e103b5659fd83c0f2471db5866ff18fc6f9a2a934805','902ce062e6d242ebdd05aa094e8e456ea6d6ecfbfd64980e72e9cc7bab371a05');
INSERT INTO "audit_event" VALUES(16,'2026-11-29T04:24:33.101528Z','operator','tenant-2','tenant_key.added','tenant_key:tenant-2/f1e06b771c6117ce9d136f8c2c05fc1c1f06893d465a28fcd9e737f21a8ed44d','ceeda5b4934e15fae58cadc2acc122d3f91fb43b2b46f8c6efcd0748aaddf60c','1a96657c4c0a6ebb742cc6e96233fada396c9148cb51a35fca557aebf73d346b');
INSERT INTO "audit_event" VALUES(17,'2026-11-29T04:24:33.101528Z','operator','tenant-2','tenant_request.added','tenant_request:tenant-2','b39aeb0f97f916b575352e5330836f6d2bc5547dbe25469af359fdc8fda23ec5','a3de1c1dd3bb366ce7b667928c01be502dea8b4fe15f8d13b7778a8c124d9efe');
INSERT INTO "audit_event" VALUES(18,'2026-11-29T04:24:33.106390Z','operator','tenant-2','tenant.approved','tenant:tenant-2','efc4bb06d7a604640370eb9aa2a51d1351371263b0007e809c7bcc32b041f67c','edb7c15a549437fa9092bbd1269da218de913f1d687e268cb5b17a99c077d295');
INSERT INTO "audit_event" VALUES(19,'2026-11-29T04:24:33.108579Z','operator','tenant-2','tenant.active','tenant:tenant-2','7809a93518115bb44acd8a36dd772fe8686139720f3e126731d467e798d2f468','db3a15d7b6d1b3714721a09465823543316de0ef00ea22ba25760799aa270470');
INSERT INTO "audit_event" VALUES(20,'2026-11-29T04:24:33.111033Z','tenant-2','tenant-2','consent.added','consent:tenant-2/research/2026-11-29T04:24:33.110855Z','88064888b7983315dddaddeca4e31425aa1dfc4ca007774531c396a963d4c08c','78a1e3d3291c41b597b0a6584f927af706b94fffb246e7760e8b86d98483de87');
INSERT INTO "audit_event" VALUES(21,'2026-11-29T04:24:33.115455Z','operator','tenant-3','tenant.added','tenant:tenant-3','7c07414cb974e4001eca0da88d1bbe7989cfac1c60f063a85f93521aaa1b5fe6','0ad76cbe626ae66ec22d7e0c95b1bbf28187fa794023bc69c14d2f6e03a5d593');
INSERT INTO "audit_event" VALUES(22,'2026-11-29T04:24:33.115455Z','operator','tenant-3','data_key.added','data_key:tenant-3/1','991f817d00c7fbbb563437017d30546cb47f7156b7a0c282b73d9b8bf8bb168f','03331f7fe51a0aa1ce1876268f07e49f8fd5da31c23e8b5934ae8665bfe358fc');
INSERT INTO "audit_event" VALUES(23,'2026-11-29T04:24:33.115455Z','operator','tenant-3','tenant_key.added','tenant_key:tenant-3/3c1b12ad9d70d3bb8704e886edb6f632ce8e873139eee39b76e90c5b46c5d04b','837dc4e9e42f38de3ab3cb117ac2dc220fb4c8498bdd46f707ca3a29dcb293be','cae911ba24d9f110bc43458ee6397b3202c417df5692ed46ecf0ccb03806ec35');
INSERT INTO "audit_event" VALUES(24,'2026-11-29T04:24:33.115455Z','operator','tenant-3','tenant_request.added','tenant_request:tenant-3','3a33d93db668988b036ed2d3868cf7e239f7f2bf49ba9d6aaae06296596f6b3d','589ac12db1831f682b96fb9ea74b818ee975775dad31f1643e86b88d78e0efaa');
INSERT INTO "audit_event" VALUES(25,'2026-11-29T04:24:33.120296Z','operator','tenant-3','tenant.approved','tenant:tenant-3','be351d224c225b9210a52025fa521d987fef59f8f720f1d5043e0794ca98b354','e149b7610828f9cf65e25c089dde143643ea44fa0f2465e8d33fb1a6763569ad');
INSERT INTO "audit_event" VALUES(26,'2026-11-29T04:24:33.122460Z','operator','tenant-3','tenant.active','tenant:tenant-3','c008db15c0a5d2c03e5e9650b183d30b63d612a0a2d6eb9116a84af85632e6cb','ca5b9a3e59d53c12e1b225e5bef928ee5dfbdc7e36f5d2115c0f41a408ca546a');
INSERT INTO "audit_event" VALUES(27,'2026-11-29T04:24:33.124780Z','tenant-3','tenant-3','consent.added','consent:tenant-3/research/2026-11-29T04:24:33.124608Z','3fa3f5f6b7b2e06eef0699196b1165be076edd97aa981276f8183a37874a8b55','7807d5600583ac07d8f780e34b38b1c9950e6cc698b619fe06b4f0f50e4c90ba');
INSERT INTO "audit_event" VALUES(28,'2026-11-29T04:24:33.129191Z','operator','tenant-4','tenant.added','tenant:tenant-4','fc2768447ba979ff107f4bd0bca0d6c4e94355baafb1f35a1e2f026b5810ee40','ee0d5d539c893abb2b2f8ec2649a1fbaa024cde5cb1c8882b109a65105eb7804');
INSERT INTO "audit_event" VALUES(29,'2026-11-29T04:24:33.129191Z','operator','tenant-4','data_key.added','data_key:tenant-4/1','96012e7ef5e32c8a22456648d59438511e8bda4222f10bb66ca80a631124f710','ed54bb0d7a5437b0d6e6d69ff4499756ffefe91d4065b6f831beda96ab160e53');
INSERT INTO "audit_event" VALUES(30,'2026-11-29T04:24:33.129191Z','operator','tenant-4','tenant_key.added','tenant_key:tenant-4/f1e4ba449350b4a4ca6cb12c17ef8e07dba8dbe79594f1162cd6b6430c02a1f0','f7b85f70d39d9cd2bd12563014375ba15e47de7e56eb1647f357178890106ca0','26ff63b52b58380f3e684b4b2a46da5e458b8dedf99a203696db49c4697bf665');
INSERT INTO "audit_event" VALUES(31,'2026-11-29T04:24:33.129191Z','operator','tenant-4','tenant_request.added','tenant_request:tenant-4','9a5a77a4043a4f7f77f25c7cf5520e552eb3094e9e7bffe02c669e91311f3be0','f00babbea6539cd9ead31970577d5665580ded89fe2a25ad495f61e7e85a2bcf');
INSERT INTO "audit_event" VALUES(32,'2026-11-29T04:24:33.133779Z','operator','tenant-4','tenant.approved','tenant:tenant-4','5a3fb6ab8b7064d534eaf5ec06cecdde385b45a7adde0e323215af8bea4e4acc','5b5cfb57377022b90a1339de5145acd1285c9bf358419c029663a1370b7f88c6');
INSERT INTO "audit_event" VALUES(33,'2026-11-29T04:24:33.135928Z','operator','tenant-4','tenant.active','tenant:tenant-4','9bfc653211183279c957ebf5a52c7a59908e7934cfc787fdf86187359ec650ca','f0cebbc737c4e3df0ebfd181e9c31b61f243d1dc61cef2542be19a4c366a122d');
INSERT INTO "audit_event" VALUES(34,'2026-11-29T04:24:33.138155Z','tenant-4','tenant-4','consent.added','consent:tenant-4/research/2026-11-29T04:24:33.137975Z','e87465c6a59795d700906b3b9f642874e77ab64986ef78820443213695d2f5ea','9f3a56faa9770598ac80146a60deabe30ec5f6ff95667277322c487dcadf7458');
INSERT INTO "audit_event" VALUES(35,'2026-11-29T04:24:33.142503Z','operator','tenant-5','tenant.added','tenant:tenant-5','5aaca4d26217c90bf8b14d568e6b5ae4181c4c775447ccb984531da34ea432c9','15cc71a8afa728d2442d6243f71e298a7ce0d3612a2d3f8d636f75b47d3a9579');
INSERT INTO "audit_event" VALUES(36,'2026-11-29T04:24:33.142503Z','operator','tenant-5','data_key.added','data_key:tenant-5/1','79598bd4834d801d1ab7e214da92ea0436ba792b7549a77e4549ea63a056ae88','c70689e5ae5cafc785e1a7912ad34ea12a4ad1b7d5f06a06786e73791d047737');
INSERT INTO "audit_event" VALUES(37,'2026-11-29T04:24:33.142503Z','operator','tenant-5','tenant_key.added','tenant_key:tenant-5/38833a1e9f825396cc287119af34e9e8a3ec74a9c3b6bc3ed34856ee5283bff3','4bcbcc6064cdd0284023b1def4c85e96e245ed43d6407d8cade2fb08343f1121','7199d72eca7b87145e1689d3baebf196ea11b7426087f8a3d49db23e65ff9ecf');
INSERT INTO "audit_event" VALUES(38,'2026-11-29T04:24:33.142503Z','operator','tenant-5','tenant_request.added','tenant_request:tenant-5','0306ca957d6e8b55da491e596b4f547ccd23e04c64ffa4d6aee7fec8e6847c27','c25ae2d9241792483618b85b4b82a6717009c5659f6989b92c3dd0198c67c3ee');
INSERT INTO "audit_event" VALUES(39,'2026-11-29T04:24:33.147205Z','operator','tenant-5','tenant.approved','tenant:tenant-5','2da947851c0190f710db94a2c8890f7cfedba03c3253f44dea5347a078408285','cf73bda5d110e0c5d20d92f655714df57a8e32d5e6e3f9371dc4a6e15f3bafe1');
INSERT INTO "audit_event" VALUES(40,'2026-11-29T04:24:33.149369Z','operator','tenant-5','tenant.active','tenant:tenant-5','6933188f135aee19641c8113fc5a90070ca42b90df05e2dcd698b54d76178712','f5defbc27d8af95fc9fe40a38fd74b2a58a6f6303f1bf240116b2c68ca9c0784');
INSERT INTO "audit_event" VALUES(41,'2026-11-29T04:24:33.151663Z','tenant-5','tenant-5','consent.added','consent:tenant-5/research/2026-11-29T04:24:33.151496Z','8beccf306a4cb2203dfa225b83bc819f2db5f850fa97d0af45256765544ccfc6','7dd5891a79df913609d431f15ec9f778fa7abbf036323dd78a4194c637755d5b');
INSERT INTO "audit_event" VALUES(42,'2026-11-29T04:24:33.156008Z','operator','tenant-6','tenant.added','tenant:tenant-6','7d899ae75c6d0efbf2a029f5959efd118cf5954974eb92b34d07d65bd57ed39d','ac9599632e2f4fb3c6094c30e0e4bb74c3c3c1fe9335c276e13860f8bcc5545b');
INSERT INTO "audit_event" VALUES(43,'2026-11-29T04:24:33.156008Z','operator','tenant-6','data_key.added','data_key:tenant-6/1','aa7f3fc042208028deff5ee843b91368e7655418e2971555e773569f683967e4','425b972e82e2bcadcb7d52bcfc11f54d69a8335ca4d042b092a39b718d0fadbd');
INSERT INTO "audit_event" VALUES(44,'2026-11-29T04:24:33.156008Z','operator','tenant-6','tenant_key.added','tenant_key:tenant-6/c95c43b4a594dba6f0fad956fe28abc43427c96ba4016dcb91da104b19ad8f03','8b5b248e818ef35652e04dc820ecce17561d19f9a4b23e35d0ee771365fa1b97','d3405368a26b5027801eae61477667dd2cb392d32c66a271955359d7cab7255c');
INSERT INTO "audit_event" VALUES(45,'2026-11-29T04:24:33.156008Z','operator','tenant-6','tenant_request.added','tenant_request:tenant-6','b40293f5c97ea449aaf7d19ce06c7f3eca6ab7bfc525c72dfbc54a400b9c99d4','75cbfd40e6354615c963128e89e4054d97f158bae4a9b7bad8705236f840d9de');
INSERT INTO "audit_event" VALUES(46,'2026-11-29T04:24:33.160579Z','operator','tenant-6','tenant.approved','tenant:tenant-6','be98479dd471a380456682bf1e386ccbc3a1912e11410f622261546aecd10a50','cab7d1dc544d2f54158fe88c099e10a5fcce1dc541262f80e8307a4e439fe262');
INSERT INTO "audit_event" VALUES(47,'2026-11-29T04:24:33.162946Z','operator','tenant-6','tenant.active','tenant:tenant-6','3954a5e18c1abb395bf32b18a481cb2b89788e4bf91cc5d68abd84908cf6335d','301f51b236a6ec880da752b12102da4844e71f9a227b8245b52646bd151574e8');
INSERT INTO "audit_event" VALUES(48,'2026-11-29T04:24:33.165261Z','tenant-6','tenant-6','consent.added','consent:tenant-6/research/2026-11-29T04:24:33.165082Z','b5160cf05a13d7d30b12694d472b0013e8f7a074dcf51186c8414b96141c2225','14f0d9c35797dc0e63dcc15e5370724e6ca97174e7fb88502827a250ed663aa3');
INSERT INTO "audit_event" VALUES(49,'2026-11-29T04:24:33.169635Z','operator',NULL,'run.added','run:run-1','d242c240047de36a9cd3a0c1ce7b4d5b3b79a10deb8963cf2da11b9880ed43be','ee2f9c5a2dfdc5d84307b6ffbacf41546d63428f6832c2c897acb693dff61342');
INSERT INTO "audit_event" VALUES(50,'2026-11-29T04:24:34.122881Z','operator',NULL,'round.added','round:run-1/1','040261e5928599b2c00caa4f3ecbe7284056648cd73aedf57c0a07e5841b9b27','120d384427512e1b0ff0dd080ebd79cdada86e8177cf34e817bfe82629623d25');
INSERT INTO "audit_event" VALUES(51,'2026-11-29T04:24:34.122881Z','operator','tenant-0','invitation.added','invitation:run-1/1/tenant-0','4fdff2851038c80129ab72dad770f02de1b823ba7c7341e85c4f22f305d066c5','cf7258d733713f9f99dd5731c603a6e7599533accb019fe1586b1345a5aeccbc');
INSERT INTO "audit_event" VALUES(52,'2026-11-29T04:24:34.122881Z','operator','tenant-1','invitation.added','invitation:run-1/1/tenant-1','6233a0c37904c5072ab65780dfe0304776e44676933470a9cc66123caf7ff494','03db5c7b958ee31c6757225ef90083279c02ee4c8a3414898104b1f171e99100');
INSERT INTO "audit_event" VALUES(53,'2026-11-29T04:24:34.122881Z','operator','tenant-2','invitation.added','invitation:run-1/1/tenant-2','da731f0639e5ce07a059e26a71fc43b7235abab213d13232e9499c5799130e00','9c8e16173ff4a6eb43288d8e9151cda02de80721e42bbe96f6f78c37fcc92d25');
INSERT INTO "audit_event" VALUES(54,'2026-11-29T04:24:34.122881Z','operator','tenant-3','invitation.added','invitation:run-1/1/tenant-3','aac020a4cef61f32b73f6a9233b6b28bd7f1c54d023d91ddf8e1b58a8eaa6229','f0e958cfbaec68123fedea5508002c0ec56f43eff048d21955af6558bb2a9b13');
INSERT INTO "audit_event" VALUES(55,'2026-11-29T04:24:34.122881Z','operator','tenant-4','invitation.added','invitation:run-1/1/tenant-4','46cfbdd893524ccdf9bd06d07b3bfd27e21f51ae25282666c676039b40c77e88','deef0410fbf640bbd54fab6ba95af8aaa5100a2908eafd9101daa8b917205c4f');
INSERT INTO "audit_event" VALUES(56,'2026-11-29T04:24:34.122881Z','operator','tenant-5','invitation.added','invitation:run-1/1/tenant-5','154dc7a943fbc92954285e5e5c6440320f483124e9e17db58b7ba759ec67019f','7837455664b822e1412ff0115242c51f075b74442a212940e8eaf2c1372bd073');
INSERT INTO "audit_event" VALUES(57,'2026-11-29T04:24:34.122881Z','operator','tenant-6','invitation.added','invitation:run-1/1/tenant-6','e5b7f0a718df9b20466e521fff1dbec6fd3da01c78ce68fcf922f81882b6c8ff','402bd13840a16834c85b60617d7e17394ce8623b0d6bb177b094eeb60f3215c4');
INSERT INTO "audit_event" VALUES(58,'2026-11-29T04:24:34.122881Z','operator','tenant-0','contribution.added','contribution:run-1/1/tenant-0','cc56aa1d0b35529bc5cadf98d8bc4dcccffeedb250061cbc8814d7f7b1242d41','872da07b0b0ad9ffe946bcb79760d47cd2fbe2507624b3433124f932eb354c37');
INSERT INTO "audit_event" VALUES(59,'2026-11-29T04:24:34.122881Z','operator','tenant-0','privacy_event.added','privacy_event:run-1/1/tenant-0','939606971c75e2895b48cfff062103dbc53d2a4fb286840c6d823a1a8da076b6','a18dc84726d2844d86575ce37d53fff4e287bc67ba30593fd5dd5111cfc2cc10');
INSERT INTO "audit_event" VALUES(60,'2026-11-29T04:24:34.122881Z','operator','tenant-1','contribution.added','contribution:run-1/1/tenant-1','20a569d3a1fb34ac577de5572dae3200bf82da4044f524128796822fbeeb4ecd','2840c7c5ac35932ca7b18cebc00254a1c488c808497ba40c1c419e388c5f37e7');
INSERT INTO "audit_event" VALUES(61,'2026-11-29T04:24:34.122881Z','operator','tenant-1','privacy_event.added','privacy_event:run-1/1/tenant-1','33b51eb42ef5c320db9b99604d82c22f0b2630f0ac4d143965ea2876b6cebfb0','4fce706bf98da150010ee9fd83e1dde8c7c089fe9cd2f4cd005fbe544e65d21d');
INSERT INTO "audit_event" VALUES(62,'2026-11-29T04:24:34.122881Z','operator','tenant-2','contribution.added','contribution:run-1/1/tenant-2','d2af331a2cc698f58b753c82f1be3f8a995d59e9bbfeacd3faf7bd2f8af87395','8f2cf2ce961af91d21a4cc082f70a488548c1924ded8413224fb2d24e7b5c575');
INSERT INTO "audit_event" VALUES(63,'2026-11-29T04:24:34.122881Z','operator','tenant-2','privacy_event.added','privacy_event:run-1/1/tenant-2','9485a7353baa085f63fc04294291a19b2105c7b99cf7afd622cefeaee026613d','e48883ea457bdb54b205507d1f9482e177878f4053d877a57a2d5f60983f19bb');
INSERT INTO "audit_event" VALUES(64,'2026-11-29T04:24:34.122881Z','operator','tenant-3','contribution.added','contribution:run-1/1/tenant-3','1e8e4dec097593bff82eaad5d687a2c97efc1af4707303da2d8aaf7f5b947d06','22454e6a993450128441beeb172d48ee8dd1f74d7443cfea9a01011f98891113');
INSERT INTO "audit_event" VALUES(65,'2026-11-29T04:24:34.122881Z','operator','tenant-3','privacy_event.added','privacy_event:run-1/1/tenant-3','977b698806d81302ddcad50168c2c572ce93da33af16f7075edfa12854d2069f','56f538ae9916c9ca24173a7d7d6987116ae93f408657ba320149eeb0831660dc');
INSERT INTO "audit_event" VALUES(66,'2026-11-29T04:24:34.122881Z','operator','tenant-4','contribution.added','contribution:run-1/1/tenant-4','841954b7b6aa720690df3a43f40147f579bcdbc3f08c1239849f0ddc81955c09','290c47e559cd73939b97ccae7239b6fa2e2eb68feb33f3cf589adfdab8b8f48f');
INSERT INTO "audit_event" VALUES(67,'2026-11-29T04:24:34.122881Z','operator','tenant-4','privacy_event.added','privacy_event:run-1/1/tenant-4','cc3fb67bc77215a44800a585610b1d94871253032220d38b37980a7256776ba4','0636eecaacd2ce93e517a2c70310cb95b91bc667a644d6efb0dbf9c1d82e64a1');
INSERT INTO "audit_event" VALUES(68,'2026-11-29T04:24:34.122881Z','operator','tenant-5','refusal.added','refusal:run-1/1/tenant-5','ee3e44803e565e32aa7030c961429c7095e47ffff339105b69378c6c3a0ce628','8d5b92c8055ec724b869850c98606fce7730a3310922b3c6f6baecb70fee9ecc');
INSERT INTO "audit_event" VALUES(69,'2026-11-29T04:24:34.122881Z','operator','tenant-6','rejection.added','rejection:run-1/1/0','26b33a0474de1e9814077e860f9773d14dda86fc80f1e96577ad5e2150d721fe','6444a533c41c711455317941fa07ce9023487815d258dbeef54725b3b3645187');
INSERT INTO "audit_event" VALUES(70,'2026-11-29T04:24:34.138101Z','operator',NULL,'evaluation.added','evaluation:run-1/1/accuracy','bf8191f42e92a0fd4d736e86a09daaaeb80b182cdfdfd691d37a0b64b0116051','e0b1c4f88ea0bbac54ade38992390c29c723b5937e1e8baa6a7a02ddec9130cc');
INSERT INTO "audit_event" VALUES(71,'2026-11-29T04:24:34.143290Z','operator',NULL,'round.added','round:run-1/2','250019263a68623566f89466972d56c9e85d4df4b40a43ba5639880721d1f7d1','242b4c26bbb60fd5f721e0cb97faf2cb61d949e67fe75c372fe4e1c5ce789389');
INSERT INTO "audit_event" VALUES(72,'2026-11-29T04:24:34.143290Z','operator','tenant-0','invitation.added','invitation:run-1/2/tenant-0','1a1f4bc3da737dc3440d07df53085cde5170b43afed011e7029b0535d9f75638','868232b2141ccea2746abc25e2e264d06bde7430f84f37cdc05f631ef0000d35');
INSERT INTO "audit_event" VALUES(73,'2026-11-29T04:24:34.143290Z','operator','tenant-1','invitation.added','invitation:run-1/2/tenant-1','c9ffb620217a66f469e9551fcf2779a71b6b097f4280b99a70434d18a0a11a32','a792ad0471db6cfc4831229e99a057c0f6e1587ff89d142111357c753ab10271');
INSERT INTO "audit_event" VALUES(74,'2026-11-29T04:24:34.143290Z','operator','tenant-2','invitation.added','invitation:run-1/2/tenant-2','4965749870ecb4c568f73e5cb61508f6fc85738d6006b04a6852f69230fcdd1c','8f0db8f7a08d1d1d640c242702b5a6735556615d8800f621a8092257ed577ed4');
INSERT INTO "audit_event" VALUES(75,'2026-11-29T04:24:34.143290Z','operator','tenant-3','invitation.added','invitation:run-1/2/tenant-3','6dd4c9000d13f8195950545044839e129bca442a69dc965f7b4aa157567ccef1','6b2e4c4a0169f9ab021ec31002b932dc616fb1a1e51ef6e3939de71785234d1e');
INSERT INTO "audit_event" VALUES(76,'2026-11-29T04:24:34.143290Z','operator','tenant-4','invitation.added','invitation:run-1/2/tenant-4','b0c1bae032abc88989193aaacb85a29bd65958ca6ae6a9d8b2e684ff0a1f7495','ed7d278b76b0d32d881e757b2b126c68c4b22c24939be231ef7209acf6a6bd56');
INSERT INTO "audit_event" VALUES(77,'2026-11-29T04:24:34.143290Z','operator','tenant-5','invitation.added','invitation:run-1/2/tenant-5','b055dd80b8df14e9be8fec117a501a5d416bdf1e0fb891a1df3d3585a93c3da1','2032c64c8a7c58d1d86dd7c0b5b6e17cb57a5b541d9cb222ce2cf60a9b581eed');
INSERT INTO "audit_event" VALUES(78,'2026-11-29T04:24:34.143290Z','operator','tenant-6','invitation.added','invitation:run-1/2/tenant-6','b5fef67d8c25b8c7e4818bdfe8493530c0d99c2450e6606de3e1803a4bfc476d','1f1e41951c7873fc10efbc2c2af7574bfe2d46c659e8733255784754242879af');
INSERT INTO "audit_event" VALUES(79,'2026-11-29T04:24:34.143290Z','operator','tenant-0','contribution.added','contribution:run-1/2/tenant-0','18c25ea786dcb085ba8ac7db76d992715531a8ef37aeab86b7b03635f36821fd','729f1eba2b35a2a21ff85f08c1c7f2b48466213ed9b8dd267b8b924a156ba297');
INSERT INTO "audit_event" VALUES(80,'2026-11-29T04:24:34.143290Z','operator','tenant-0','privacy_event.added','privacy_event:run-1/2/tenant-0','71df7f53379167fb4a16fe489f561ec5306cb6487f136bb821ba08bac8d473f3','0ee1b923c0cfadd9cc7f39b1eace173e6672dc564d968d37b36a515ddab33b96');
INSERT INTO "audit_event" VALUES(81,'2026-11-29T04:24:34.143290Z','operator','tenant-1','contribution.added','contribution:run-1/2/tenant-1','b08e1d0e75348331f60abbf8b7fe1ee45843556363cea86a5ed22de12796e813','21d485bf1693f9dbf046713712c67794869d559eadabcbb14e4fbfc6ab8087c8');
INSERT INTO "audit_event" VALUES(82,'2026-11-29T04:24:34.143290Z','operator','tenant-1','privacy_event.added','privacy_event:run-1/2/tenant-1','d0686e40ed8ea0fddd1895cc0e219953bed115ee1e3dc685f81fed17eafebf9c','8e02b7ff285b974b19b4be4edb0f09941b38d7745702e3fad93b8d32bd5fd4cd');
INSERT INTO "audit_event" VALUES(83,'2026-11-29T04:24:34.143290Z','operator','tenant-2','contribution.added','contribution:run-1/2/tenant-2','90973f238711f0da84366a13d87273b263a7b3b612d32d1cd0ed456335737508','fb517c53f2630b220e4c2e55f77d2eb7255855c1201dec48a94b76ffd1c1fe50');
INSERT INTO "audit_event" VALUES(84,'2026-11-29T04:24:34.143290Z','operator','tenant-2','privacy_event.added','privacy_event:run-1/2/tenant-2','7496502860b382bc5411f8780e084eb9871892724e84147ef21838eec187c772','7df8da122b28dfea9babd13de8eb8b7435a3bef2cbdc1f2b0932d6447ba0cfed');
INSERT INTO "audit_event" VALUES(85,'2026-11-29T04:24:34.143290Z','operator','tenant-3','contribution.added','contribution:run-1/2/tenant-3','75b7d7bf804cd02bda19b24181167e5d9ab17b45e37f8cdb2b2396a2f734942a','c1c936c4fba028fe2136608de9ee488a275d5647596d0ab53a24d7c389d1223f');
INSERT INTO "audit_event" VALUES(86,'2026-11-29T04:24:34.143290Z','operator','tenant-3','privacy_event.added','privacy_event:run-1/2/tenant-3','f4ae86964e1e04590c96f34111568d7b19971893f73b8e22112cd5a97a7365ea','b22910e31b40f9114a71f62f55a29356f5f4979de513e56dd78729f200f34b43');
INSERT INTO "audit_event" VALUES(87,'2026-11-29T04:24:34.143290Z','operator','tenant-4','contribution.added','contribution:run-1/2/tenant-4','97b232b0039c7b252019ba16bf93f685e9a17cabeb182118dd37b4e4acd08b2a','3373f9aa7b72a595a7f8a34718320c9616c7aa66922890e8ffed1a63ce414c8f');
INSERT INTO "audit_event" VALUES(88,'2026-11-29T04:24:34.143290Z','operator','tenant-4','privacy_event.added','privacy_event:run-1/2/tenant-4','4de5b5492fa65ebf0e2f31e2b19de0c4ed29813fec89abcd925f773483183944','0ac2180fffe80dea35f3cbeed784c6c062e525ecabfe36097b6736a882cf252e');
INSERT INTO "audit_event" VALUES(89,'2026-11-29T04:24:34.143290Z','operator','tenant-5','refusal.added','refusal:run-1/2/tenant-5','7d0b0a9d5ec4c1e92c2434a4f341c8e120a7d846e9a1e6a665e30e3d9cd51805','ce26b9f1627339d46a3bb8eb95e585081d5cb1b7c3cca4f4429c57b0cf07fe8c');
INSERT INTO "audit_event" VALUES(90,'2026-11-29T04:24:34.143290Z','operator','tenant-6','rejection.added','rejection:run-1/2/0','c6468e24fe58fffd05a7d9989b543c6c2c6ea0c235374b94d797769ee76942e8','3db43bd6973603f08099701e8295393f42be148513d9586f02b3c15567c1b90d');
INSERT INTO "audit_event" VALUES(91,'2026-11-29T04:24:34.150679Z','operator',NULL,'evaluation.added','evaluation:run-1/2/accuracy','4c6154853038029fcfa87f8196699a9c2bddad07f384388f74babd38c5858042','0e5fdc528b6e073816cdacef3a8c89b051c2eadc08007433d3f1c23c46569a72');
INSERT INTO "audit_event" VALUES(92,'2026-11-29T04:24:34.153164Z','tenant-4','tenant-4','consent.withdrawn','consent:tenant-4/research/2026-11-29T04:24:33.137975Z','657d02311ddd9de41ccf7c5fe322948ab89d1cb64118dd70dab1c863293104c6','2bac5842bcda18dede925d9087865e7e4fd89bd7b1c9416bc925a03fa06c05be');
INSERT INTO "audit_event" VALUES(93,'2026-11-29T04:24:34.157253Z','operator','tenant-0','settings.added','settings:tenant:tenant-0/1','da555b9c8ec005e88b6a43624c337b05678fc1de9cf22c7a69f192cf739be566','e9edae3b55729bd2f30f214c0b2a3fcbcda23e89fee20401d7e3c84e25e5f943');
INSERT INTO "audit_event" VALUES(94,'2026-11-29T04:24:34.164705Z','operator','tenant-0','cosignature.added','cosignature:94/8e1f630edb49ad820022257ebb340dbab1edacf90c29a8263ee40d4928fa9915','b305590380d8e75e9ef7b142f34abbc0efd779c741a8084223f10eac0ded741d','fb54c8e7abe8e983aa83f44c5b459799dc783a9dabf49bc0f6a39eeba34ac83b');
INSERT INTO "audit_event" VALUES(95,'2026-11-29T04:24:34.169166Z','operator',NULL,'run.completed','run:run-1','49cce9f9e04a284b7e9a672927c9a7e7af5eb4fffa5a6fd4ca166ae240fbdfc3','c7ee0e9f51d95ff270abe48874c18ae4bc9153cffe2aa20e2d53f12b093371de');
CREATE TABLE audit_party (
	position INTEGER NOT NULL, 
	tenant VARCHAR NOT NULL, 
	PRIMARY KEY (position, tenant)
);
CREATE TABLE certificate (
	serial VARCHAR NOT NULL, 
	tenant VARCHAR, 
	uri VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	not_before VARCHAR NOT NULL, 
	not_after VARCHAR NOT NULL, 
	issued_at VARCHAR NOT NULL, 
	revoked_at VARCHAR, 
	reason VARCHAR, 
	PRIMARY KEY (serial), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
CREATE TABLE consent (
	tenant VARCHAR NOT NULL, 
	purpose VARCHAR NOT NULL, 
	signed_at VARCHAR NOT NULL, 
	granted_at VARCHAR NOT NULL, 
	expires_at VARCHAR, 
	app VARCHAR, 
	most_rounds INTEGER, 
	most_steps INTEGER, 
	least_noise_multiplier FLOAT, 
	largest_clip_norm FLOAT, 
	largest_epsilon FLOAT, 
	envelope VARCHAR NOT NULL, 
	withdrawn_at VARCHAR, 
	withdrawal_signed_at VARCHAR, 
	withdrawal VARCHAR, 
	PRIMARY KEY (tenant, purpose, signed_at), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "consent" VALUES('tenant-0','research','2026-11-29T04:24:33.075813Z','2026-11-29T04:24:33.076118Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOVQwNDoyNDozMy4wNzU4MTNaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0wIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"8e1f630edb49ad82","sig":"CFIbqX5wROM3JJpzbvOQfi4u0qUAerQ+IfexNqZQM1DFWcsrc+h/8EgvHVCmCMpcKSf3Lp/jaAMaCbNbBf8kAQ=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-1','research','2026-11-29T04:24:33.096798Z','2026-11-29T04:24:33.096980Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOVQwNDoyNDozMy4wOTY3OThaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0xIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"4a9fa31ddd5a273a","sig":"GF6UKq8pXEWf6/VO6tjan20H2FVgcImuL85VigV+7HqQRtoL80sBm+l8f6sO7QRH7ayujnVJkV8Fji4jaCp1AA=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-2','research','2026-11-29T04:24:33.110855Z','2026-11-29T04:24:33.111033Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOVQwNDoyNDozMy4xMTA4NTVaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0yIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"f1e06b771c6117ce","sig":"OAENMniBrd08KQxfiL2tpAlOTCtMSInPaSrp0upWeWexha7XdODMzrr8EL/T4tSdBXnIgyX9EohTi4mgWm0QAQ=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-3','research','2026-11-29T04:24:33.124608Z','2026-11-29T04:24:33.124780Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOVQwNDoyNDozMy4xMjQ2MDhaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0zIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"3c1b12ad9d70d3bb","sig":"cgwgnSe2UZjIxTdEVHxCU7ctD0bAr2IWEdjaaQZqadyo1rlhMJ/d+ekQAVBMqH0XViJS4eHqm8KPZ7NkVLskDw=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-4','research','2026-11-29T04:24:33.137975Z','2026-11-29T04:24:33.138155Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOVQwNDoyNDozMy4xMzc5NzVaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC00In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"f1e4ba449350b4a4","sig":"pnKNY10GCwKvdndkd69aMACiBASflhG8G5gdUlGw9S6zGPry3YWJC6eiLJi631z2GdLRuPyTuvl/++/Of9g3Bg=="}]}','2026-11-29T04:24:34.153164Z','2026-11-29T04:24:34.152924Z','{"payload":"eyJhdCI6IjIwMjYtMTEtMjlUMDQ6MjQ6MzQuMTUyOTI0WiIsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC00In0=","payloadType":"application/vnd.flowstate.withdrawal.v1+json","signatures":[{"keyid":"f1e4ba449350b4a4","sig":"lsEMeQYV39+soNB18WP/WEbdqeCLTeaStplvmTQv8VOLGECks+6X2m2VWiAVFQITab8bRMi1pItdnHGb2d3gBQ=="}]}');
INSERT INTO "consent" VALUES('tenant-5','research','2026-11-29T04:24:33.151496Z','2026-11-29T04:24:33.151663Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOVQwNDoyNDozMy4xNTE0OTZaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC01In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"38833a1e9f825396","sig":"ysFY73k1+u8XlM/whUdiy9x4sNaPQPba8fmn50YjgIMQWFkqfi+lejgxnM0+2OxQUEabRm4sPso6cDm7vdb9Bw=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-6','research','2026-11-29T04:24:33.165082Z','2026-11-29T04:24:33.165261Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOVQwNDoyNDozMy4xNjUwODJaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC02In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"c95c43b4a594dba6","sig":"iLX5iSrNNJLcOAC1K1WTzVWj7ps2SzECiumK6ZzzohMJZdlPVUBKR8caRuDX5LtMG4iUQFfyt5OUoKbYdi4wBQ=="}]}',NULL,NULL,NULL);
CREATE TABLE consent_place (
	purpose VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (purpose, tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "consent_place" VALUES('research','tenant-0',1);
INSERT INTO "consent_place" VALUES('research','tenant-1',2);
INSERT INTO "consent_place" VALUES('research','tenant-2',3);
INSERT INTO "consent_place" VALUES('research','tenant-3',4);
INSERT INTO "consent_place" VALUES('research','tenant-4',5);
INSERT INTO "consent_place" VALUES('research','tenant-5',6);
INSERT INTO "consent_place" VALUES('research','tenant-6',7);
CREATE TABLE contribution (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	tenant VARCHAR NOT NULL, 
	update_digest VARCHAR NOT NULL, 
	examples INTEGER NOT NULL, 
	weight FLOAT, 
	share FLOAT NOT NULL, 
	share_low FLOAT NOT NULL, 
	share_high FLOAT NOT NULL, 
	envelope VARCHAR NOT NULL, 
	PRIMARY KEY (run, round, tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "contribution" VALUES('run-1',1,'tenant-0','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImQ5MGFiMjg1ZmFlZDIxOTdlOGE2MjA2OTMwZWEyY2UxIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMCIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"8e1f630edb49ad82","sig":"LyCyYyOCZSchnAorqZJ4N6372xt13J/YXOq6XcvJcmSBBhejC/RKNvZIE0VfDeHInI5D4iqQv0cH7OWLpSsVBg=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-1','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImEyZGIzZmZhZWYxMWJmNWQ1NGY4MzMwM2I5ZWYzNzQ2IiwicHJpdmFjeSI6eyJhY2NvdW50IjoiYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYSIsImNsaXBfbm9ybSI6MS4wLCJjbGlwcGluZyI6ImZsYXQiLCJkZWx0YSI6MWUtMDUsImVwc2lsb24iOjAuNSwibWV0cmljcyI6eyJib3VuZHMiOnsibG9zcyI6NC4wfSwibm9pc2VfbXVsdGlwbGllciI6MjAuMCwidmFsdWVzIjp7Imxvc3MiOjAuN319LCJub2lzZV9tdWx0aXBsaWVyIjo0LjAsInJhbmRvbW5lc3MiOiJvcyIsInJlbGF0aW9uIjoiYWRkLW9yLXJlbW92ZS1vbmUiLCJzYW1wbGVfcmF0ZSI6MC4wMSwic3RlcHMiOjEsInRydW5jYXRlZF9hdCI6bnVsbCwidW5pdCI6ImV4YW1wbGUifSwicm91bmQiOjEsInJ1biI6InJ1bi0xIiwidGVuYW50IjoidGVuYW50LTEiLCJ1cGRhdGUiOiI0YmM2NzU5ZjRkYWU3MzUzNGYyN2U5ODUyMzFhMmM2NjRlMzAzOTI0NzBiODA4NTMxMGYxM2EzZjdmMTAxNGQ5In0=","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"4a9fa31ddd5a273a","sig":"sgzPeZB3mZOoqdCoLD6BAHkSNVOFkh0luX+WoLThLZhwx/2VhVWcc2WaFJy9jKt0zCu9k6Bx1U/mP4WQXw9ICw=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-2','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjdkNjI1MDEzY2IyYjA4Yjg1M2U5YmMwMmNlNmJlNDlkIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMiIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"f1e06b771c6117ce","sig":"ywY7a+vceWF+yLlEWBc+4h4fcY6ejEbslQie1/hOTB7tD5G7pMdG6zcC/4RkY95alOYHAAVQxGQCtROAnDCcCQ=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-3','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImU5MDE0ZTFmZWEzNWU3NDVhMGE0YWMzZDlmYTMyZWU2IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMyIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"3c1b12ad9d70d3bb","sig":"FIoG7dUOPTmMxY4U/tBmGNmC7LxLHBENPUCJDlFayqRjd7qSvfFDl8NTjDvzlIGE1/sduq7N1r3MwCx6iNfWAg=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-4','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjI3YTUxOTU3NDdlNGQ4ZDMxMjRkZGE2MThmMWU5MmJhIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtNCIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"f1e4ba449350b4a4","sig":"IotzQtI4wXn04oXFTw8ttU95j37KV/aDvtfNqvwzfLwxU2jB9A4JiAXx1ljZwB9ArIleOFAIAVO3UB8AiCipDA=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-0','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjQ4OTdmNjI1Njg0YThiYmQ4MzI3ZDZlNjU0Y2JkMjQzIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMCIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"8e1f630edb49ad82","sig":"E+1V3BpD6GRGmGVWqit9gOF91oLEmQiH5r+3mE1AgsVUHEeveRm5Uq8BZttbwRC87Q3nVvlZid7/bchg9Bs9AA=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-1','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjFmMGEzNjUyYmRhNGJkOGM1MTE4NGVhOGM3YTE5YzAyIiwicHJpdmFjeSI6eyJhY2NvdW50IjoiYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYSIsImNsaXBfbm9ybSI6MS4wLCJjbGlwcGluZyI6ImZsYXQiLCJkZWx0YSI6MWUtMDUsImVwc2lsb24iOjAuNSwibWV0cmljcyI6eyJib3VuZHMiOnsibG9zcyI6NC4wfSwibm9pc2VfbXVsdGlwbGllciI6MjAuMCwidmFsdWVzIjp7Imxvc3MiOjAuN319LCJub2lzZV9tdWx0aXBsaWVyIjo0LjAsInJhbmRvbW5lc3MiOiJvcyIsInJlbGF0aW9uIjoiYWRkLW9yLXJlbW92ZS1vbmUiLCJzYW1wbGVfcmF0ZSI6MC4wMSwic3RlcHMiOjEsInRydW5jYXRlZF9hdCI6bnVsbCwidW5pdCI6ImV4YW1wbGUifSwicm91bmQiOjIsInJ1biI6InJ1bi0xIiwidGVuYW50IjoidGVuYW50LTEiLCJ1cGRhdGUiOiI2YzZmN2ZkMzVlZDQyMDU4OGM1NjU3Y2Y5YTg1MGJkMjc3NDJhMTgxYjU2NmJmZWQ3Yzk3NDc3ZWM5NTRhN2I5In0=","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"4a9fa31ddd5a273a","sig":"VJhdDDtzAgBqQd9JGAHceIDFVSuM+njtWxnEb3Qxbp2ajUECFOwdcfob/LtDfe0Lnf6kX80YP2HJhPrj8LAuDw=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-2','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImQzYzZkYjYxMTdlMGEwODIyNjRhZjA5ODE3ZDQ2NjI2IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMiIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"f1e06b771c6117ce","sig":"/o/Nlw4FzF/TTYgML7F0pKQ+Ms0Tm8GPVYV1AO3DaWRtKrXyhD3bABRR/Qa59qN47C+pG2xzg2FhibEeSmcdAQ=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-3','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjcxM2JmZTZjZTNlYTczNjgzMzQwNzZlMjdkNGE0OGY1IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMyIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"3c1b12ad9d70d3bb","sig":"wuLe93WJMA/un1pRDV9RPvCayj0jf6IHebEdiej1qdX8tvquv+PPXajFUla6H4segjaoLHBYB/ufY390X95ZAA=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-4','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImQyOGNhYWZkZWQ4ZTYwMThkYzVlZTMwY2YyZGYxOTVmIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtNCIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"f1e4ba449350b4a4","sig":"46JdY+BfdeB6Z2alNc4hrBdIVMXYj1XfQ/ewIBfjBQpD1hwXDr1CrORlg/gXzhIHE7ICX2FHcSDQm0QQKvBPBA=="}]}');
CREATE TABLE cosignature (
	log_size INTEGER NOT NULL, 
	public_key VARCHAR NOT NULL, 
	tenant VARCHAR, 
	line VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	PRIMARY KEY (log_size, public_key), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "cosignature" VALUES(94,'8e1f630edb49ad820022257ebb340dbab1edacf90c29a8263ee40d4928fa9915','tenant-0','— flowstate-witness/8e1f630edb49ad82 /8gJVwAAAABrSdIA5vyByeMO8J3co/sQOPLvB4Z7sInMDx9E2mzBz6nvNzD/NAMM3EHErACafnD8N+LIEMKoNBXk5ZYA+8pM/ovNAg==
','2026-11-29T04:24:34.164705Z');
CREATE TABLE data_key (
	tenant VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	kek VARCHAR NOT NULL, 
	wrapped VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	destroyed_at VARCHAR, 
	PRIMARY KEY (tenant, number), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "data_key" VALUES('tenant-0',1,'5536a068b369aa39','XILOHI0HjSouuw25bu8wEOUeT6vYw8f03VQtJ6o1d2vd2XfYwbtY16cyff0N+VdHdFQnLlK0ZqnNXnpY','2026-11-29T04:24:33.034590Z',NULL);
INSERT INTO "data_key" VALUES('tenant-1',1,'5536a068b369aa39','fnt/GKXQdAmzEmUQLTqlehuMvlQNrLpCuN/4IZlS1r1ltdgev45op2ILtCECUEFmILpmH2o937emmjWD','2026-11-29T04:24:33.087286Z',NULL);
INSERT INTO "data_key" VALUES('tenant-2',1,'5536a068b369aa39','gcbSOwJr3B34R1UfhGXrgudqpsH3LE4JRy+QjRMYoWUf5RfQn24OzoC/lvhurGabpFo1Jt75/3YaL2Gb','2026-11-29T04:24:33.101528Z',NULL);
INSERT INTO "data_key" VALUES('tenant-3',1,'5536a068b369aa39','wjc8A18Q9SorWuRefDUmlldamD9tNNPEDDOOWgylMJUSlujYMafe0b0BNHdySVlMG1BMzi8zXjJtQFIS','2026-11-29T04:24:33.115455Z',NULL);
INSERT INTO "data_key" VALUES('tenant-4',1,'5536a068b369aa39','a/VYbnNyqi4LrRmUguJHK/qKNO/+YH/A88f/ypELpwPOBvHVP+wXM4sVIIyp25T7MI5R2XwP9lqHz4iO','2026-11-29T04:24:33.129191Z',NULL);
INSERT INTO "data_key" VALUES('tenant-5',1,'5536a068b369aa39','of8WGHXF7xgln+s3dQVv20hFzTA8uXuqoreI65nO+a8Jrby6X/TCU4AnTywftOkQnJpKkT8+njgrotqm','2026-11-29T04:24:33.142503Z',NULL);
INSERT INTO "data_key" VALUES('tenant-6',1,'5536a068b369aa39','103d5QBjpN4OnbQ4qr9MAECMXu3MyckbiWRUPgHEfhFiWNjND6hCBtMGQR4dBdyI8ox4qdyIeH8apT5g','2026-11-29T04:24:33.156008Z',NULL);
CREATE TABLE evaluation (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	metric VARCHAR NOT NULL, 
	value FLOAT NOT NULL, 
	PRIMARY KEY (run, round, metric)
);
INSERT INTO "evaluation" VALUES('run-1',1,'accuracy',0.5);
INSERT INTO "evaluation" VALUES('run-1',2,'accuracy',0.5);
CREATE TABLE federation_release (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	noise_multiplier FLOAT NOT NULL, 
	clip_norm FLOAT, 
	cohort INTEGER NOT NULL, 
	population INTEGER NOT NULL, 
	relation VARCHAR NOT NULL, 
	epsilon FLOAT NOT NULL, 
	delta FLOAT NOT NULL, 
	largest_epsilon FLOAT, 
	randomness VARCHAR NOT NULL, 
	reserved_at VARCHAR NOT NULL, 
	PRIMARY KEY (run, round)
);
CREATE TABLE invitation (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	tenant VARCHAR NOT NULL, 
	node VARCHAR NOT NULL, 
	PRIMARY KEY (run, round, tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "invitation" VALUES('run-1',1,'tenant-0','1001');
INSERT INTO "invitation" VALUES('run-1',1,'tenant-1','1002');
INSERT INTO "invitation" VALUES('run-1',1,'tenant-2','1003');
INSERT INTO "invitation" VALUES('run-1',1,'tenant-3','1004');
INSERT INTO "invitation" VALUES('run-1',1,'tenant-4','1005');
INSERT INTO "invitation" VALUES('run-1',1,'tenant-5','1006');
INSERT INTO "invitation" VALUES('run-1',1,'tenant-6','1007');
INSERT INTO "invitation" VALUES('run-1',2,'tenant-0','1001');
INSERT INTO "invitation" VALUES('run-1',2,'tenant-1','1002');
INSERT INTO "invitation" VALUES('run-1',2,'tenant-2','1003');
INSERT INTO "invitation" VALUES('run-1',2,'tenant-3','1004');
INSERT INTO "invitation" VALUES('run-1',2,'tenant-4','1005');
INSERT INTO "invitation" VALUES('run-1',2,'tenant-5','1006');
INSERT INTO "invitation" VALUES('run-1',2,'tenant-6','1007');
CREATE TABLE log_head (
	size INTEGER NOT NULL, 
	note VARCHAR NOT NULL, 
	frontier VARCHAR NOT NULL, 
	PRIMARY KEY (size)
);
INSERT INTO "log_head" VALUES(4,'flowstate-log/bbf253c487c49a10
4
2Y3KWGF5cr/RkwiGzbkZHMteQ0ru2RoH4HAxmrOXQcQ=

— flowstate-log/bbf253c487c49a10 cd4HAxesoqoBSCQcxVlCImecAe672R9rtEIZ7j/1F+edZ5UNMP3+BOtxLGi84QXhmlGfuWnVxON93WFVou0UqYqhMgE=
','4:d98dca58617972bfd1930886cdb9191ccb5e434aeed91a07e070319ab39741c4');
INSERT INTO "log_head" VALUES(5,'flowstate-log/bbf253c487c49a10
5
MM48X1B7WpHdJBtAam3mjmuJPnzaXkoKy6nq33LLyyQ=

— flowstate-log/bbf253c487c49a10 cd4HA0zzV+mVxwo/VlscyE5a6g0LYublgX9CjRAiIQqmTY1xndgxMvEc4vdU0K2Oko75hAbLo3HWOiiaO1Z6LY9O+Q8=
','5:d98dca58617972bfd1930886cdb9191ccb5e434aeed91a07e070319ab39741c4,0c5dd3e2a6adad6703403e0e45f31f0ecd33ad814ba7153cc9d381e193faf621');
INSERT INTO "log_head" VALUES(6,'flowstate-log/bbf253c487c49a10
6
0jLCBlkRrs+Icqbfo7GZxfiXseHAnfos8gIPZnz/lKc=

— flowstate-log/bbf253c487c49a10 cd4HA9iDDNYB4nIvJ0RiUA5JEixDjkW6w2qxnKN4fLrtm9MYQLh8SuizUFoIhfT1GqlN2UqvhGHZAldqN8383xGWAQI=
','6:d98dca58617972bfd1930886cdb9191ccb5e434aeed91a07e070319ab39741c4,b90c67566ae3b9fea7b50e3d974a9c045a9f6df5bab2b7a24cc09b0c7b9458c0');
INSERT INTO "log_head" VALUES(7,'flowstate-log/bbf253c487c49a10
7
raa5h8lAO/ultbjYvgA82PZ5gVqEK2psnXJG020gKng=

— flowstate-log/bbf253c487c49a10 cd4HAzcZX1MD+nzroJEqhG/EyVjeHfjKbahDR3PsEnBhr8pB1+OfK6hf68XEPvHoT8rIKFY9D5lM35xFmeeIsKvieAg=
','7:d98dca58617972bfd1930886cdb9191ccb5e434aeed91a07e070319ab39741c4,b90c67566ae3b9fea7b50e3d974a9c045a9f6df5bab2b7a24cc09b0c7b9458c0,7e898eaf14550da7e1ef072900fda2d9e1a6d8133132b7648c4a15b273b6ecc3');
INSERT INTO "log_head" VALUES(11,'flowstate-log/bbf253c487c49a10
11
mL8zY8CJdHrm9pZXGdJcyTkONMG8FlpuwqVJ2hw+TWs=

— flowstate-log/bbf253c487c49a10 cd4HA5vVanpY5MhdQlM8FP7JxT35Mkgf1ypqV3mF3TJ53hoa4dZwqTF7bRIGXZ4YMJojsHZoNTpP8byx197VZEa5cQo=
','11:5b6279ebcc42c5b51d247d422486b8c4122b7e34f8883e8bee282d5264b244d7,d48db5ccd0d87732cbd630b687d7fed73e4c7cbeb2440492d044bfa0bf2c2820,f6d6a3e3ba4798d8d9d1876c1645272cf619bc602a3f22c2ed30689ccfa484ab');
INSERT INTO "log_head" VALUES(12,'flowstate-log/bbf253c487c49a10
12
Z69va6lIj3pbNuE75edvt91Pj3yM/kFNNnECLxGfOGs=

— flowstate-log/bbf253c487c49a10 cd4HAxOcZavnPFKsBDciNLFAqxhEF41XsDQoTJSO9Vjy10QMzv4xhYgk5Q4Hk4VioSMjEbEZF/5onqMSll+0/+N4TQU=
','12:5b6279ebcc42c5b51d247d422486b8c4122b7e34f8883e8bee282d5264b244d7,eb9322f05ec67a3ca89fecc379b074911093dc86540ee88606a487393f90cb05');
INSERT INTO "log_head" VALUES(13,'flowstate-log/bbf253c487c49a10
13
oaNoIJpzMBP/qJV6IbCDIH3O0cewTmm2OC0heTfl7x8=

— flowstate-log/bbf253c487c49a10 cd4HAweLBD7K9+KFo2LEaR6v9Mx/EMQgGJ4sinYGKIu4AwNWLufN5OFKHF5pxkhIA41a0UBx0HsTG8fRdKHFHeSOhQY=
','13:5b6279ebcc42c5b51d247d422486b8c4122b7e34f8883e8bee282d5264b244d7,eb9322f05ec67a3ca89fecc379b074911093dc86540ee88606a487393f90cb05,91fc93610e80a674ca360e70cbdb4ff466ec46e772f6696df18a30d25b76264f');
INSERT INTO "log_head" VALUES(14,'flowstate-log/bbf253c487c49a10
14
YkgvYQxgOY6Ti1ohhju6AgbhVkilmqYsbe+hDTo+Ll4=

— flowstate-log/bbf253c487c49a10 cd4HAzJMtrEsvml1XsSnAWrfnd54THnm2FYhard14mg1logeOTkX++PFON7w9Nmdbmp5aF+ueYuoaoPVG9bBbS/WTw8=
','14:5b6279ebcc42c5b51d247d422486b8c4122b7e34f8883e8bee282d5264b244d7,eb9322f05ec67a3ca89fecc379b074911093dc86540ee88606a487393f90cb05,f80ce3b95a5f42ef243b3ee6164af2ce4b92be399f1562e6cb42f559a8e128ce');
INSERT INTO "log_head" VALUES(18,'flowstate-log/bbf253c487c49a10
18
aFGv8mhZkPA4aLBv0hlEjuOzJnD+ND9j1tmI5GN6iC4=

— flowstate-log/bbf253c487c49a10 cd4HAzh4wCHv4VpI4MGQCZF3ZSSF0GfdMQaIuyIyj8Z/9eoRgvDgPCNGQbxV1Y/VPWKnmfrusViyAgZyTiucAKwROAg=
','18:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,4d19267385c540fc4820a8070c81c5d5160d9a8d6113dead30317f744331940a');
INSERT INTO "log_head" VALUES(19,'flowstate-log/bbf253c487c49a10
19
sn1JtUqgHezKR6K5rCHb1iQzcQIFkPca6peqEjWnoSI=

— flowstate-log/bbf253c487c49a10 cd4HA6F82mL+uj8UBxq12rE3XiFFfULDWQzc9Bejhg1yDkK38K7ym7TrvLoJZ2q0PFS3GRE8ntYNtJT0iWuXt4xC0Aw=
','19:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,4d19267385c540fc4820a8070c81c5d5160d9a8d6113dead30317f744331940a,edb7c15a549437fa9092bbd1269da218de913f1d687e268cb5b17a99c077d295');
INSERT INTO "log_head" VALUES(20,'flowstate-log/bbf253c487c49a10
20
os+ktL6tj8lMSTEUqC2DDnkCu6OOn1iHJkffUelvtIs=

— flowstate-log/bbf253c487c49a10 cd4HAxjPw/rzhK7aQ4TsZ6J45/Kw/T6fhZU80H9odiwhLVAKMY+R1ZaMtHltpjzVwFotWgqiSbh+YQX7JUGx94qBxg0=
','20:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,53b75d4a76b3be3f41c23b08f9d89c9b0e00c57944fde1ff63e6d698c40bc407');
INSERT INTO "log_head" VALUES(21,'flowstate-log/bbf253c487c49a10
21
s5UsxViuKzINaDVvWPsxuJeVMe/R5oSSv65QkioolgM=

— flowstate-log/bbf253c487c49a10 cd4HAzFa/p0oNA8gzf/+FW5LBcvot8886Gmntc4XlCxke1SnOhzia33b+gnQwfh5dJS1kHougnXGfio5Y7gdKgFQbwY=
','21:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,53b75d4a76b3be3f41c23b08f9d89c9b0e00c57944fde1ff63e6d698c40bc407,78a1e3d3291c41b597b0a6584f927af706b94fffb246e7760e8b86d98483de87');
INSERT INTO "log_head" VALUES(25,'flowstate-log/bbf253c487c49a10
25
4eu5QanogqGZqb2jO0Lq6TbCuLiu6i4v0YyeicsYHy0=

— flowstate-log/bbf253c487c49a10 cd4HA+ShfnCZ9yI26vQg6HOZxheiqYsf9B190+RAsQPhjCoMUO3qcFezVs+G6EvjFgx71Z+vTJKBUsax2Eqe4o+vQg0=
','25:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,b2975e7afe6ec34d1740a092e72ae3043ce0597d8b926aa6321f8f91b1627ef7,589ac12db1831f682b96fb9ea74b818ee975775dad31f1643e86b88d78e0efaa');
INSERT INTO "log_head" VALUES(26,'flowstate-log/bbf253c487c49a10
26
/0H45IHXTxcq0+7ctibvxuF30G5RH9oGFp/Co57NrI4=

— flowstate-log/bbf253c487c49a10 cd4HA4ClEKoJHtwyqZ9PhS7gf469R6NHMnSg11t9TOfzrk4wjkKwMfXedjUA6QTc+5/AdV75PI9CqzddwwGdA9i9PQs=
','26:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,b2975e7afe6ec34d1740a092e72ae3043ce0597d8b926aa6321f8f91b1627ef7,84f3e8011ccfac2db2c060088ce921a7b61e8834c280dee144bbfde520a7f491');
INSERT INTO "log_head" VALUES(27,'flowstate-log/bbf253c487c49a10
27
+kGXqTLhRJwAQUQMBFwZ+QQnHdBvaUBsntnIhD98Gns=

— flowstate-log/bbf253c487c49a10 cd4HAzqhDcSPsvjsQww+Syt9k3U60VgUZOd0v3au/qjnJjBivYcKszxxOCnVMimmaiHownJSK7RXlFbbum1K4PIwQgo=
','27:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,b2975e7afe6ec34d1740a092e72ae3043ce0597d8b926aa6321f8f91b1627ef7,84f3e8011ccfac2db2c060088ce921a7b61e8834c280dee144bbfde520a7f491,ca5b9a3e59d53c12e1b225e5bef928ee5dfbdc7e36f5d2115c0f41a408ca546a');
INSERT INTO "log_head" VALUES(28,'flowstate-log/bbf253c487c49a10
28
eMVrDvpHbr2oyebHuZMxOi16+k7kD+pq+E3ubdfB/SQ=

— flowstate-log/bbf253c487c49a10 cd4HA2HQvAV9+Q0gzktfauJaXK/Ubr/nU3Oy+KpuZNX2xs7i1L+65WnlMJ9CsfNx/rYExLdo2yS2LbtzmwAOyimpbwU=
','28:aa1af5fb3e4e4d173664262edbb9270cc5af8a5478877e8cf04d81ec0010f880,b2975e7afe6ec34d1740a092e72ae3043ce0597d8b926aa6321f8f91b1627ef7,dff9de5df339f32470c754cd81b5c5c5da21c4bd7cc5fb1a07ae25e784a40617');
INSERT INTO "log_head" VALUES(32,'flowstate-log/bbf253c487c49a10
32
qpllMKSyKhzRGYKZvp2yX67V4qIzLQS5CpOsRfaaQyI=

— flowstate-log/bbf253c487c49a10 cd4HA1N+Q9N+v3M2HoXWeTQsl0nW2oSmgk041DkmRQO/EF84WMW4DLO0rb9+RC48Y09Abil4m06zGbVhXOstFDL1aQg=
','32:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322');
INSERT INTO "log_head" VALUES(33,'flowstate-log/bbf253c487c49a10
33
Wx9g2SgzHlHU8WMzM4v8lt7NRA6OH7W7qV4B6/namnk=

— flowstate-log/bbf253c487c49a10 cd4HA/DYz1iRt6rXmezY66iuoBlvSjldIOVbYhbtON0qzwmE5mSvz8+guH+fvoQhDMwNUaaWCAo63dfcVqAjmAfAGgw=
','33:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,5b5cfb57377022b90a1339de5145acd1285c9bf358419c029663a1370b7f88c6');
INSERT INTO "log_head" VALUES(34,'flowstate-log/bbf253c487c49a10
34
8qrbRi7IGcOhspAMNwdFhUltwtPRwoAYwvj/axVrgdc=

— flowstate-log/bbf253c487c49a10 cd4HAx/fjXVlS/srACBNZYQNMQVSpjack8tSNIgxjRk41dWK9SaYzdWyABw1zBF8OCpzLxEJzs4eOcgrYpkkNZCCAA0=
','34:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,f3a1ab8c7b678476ebe29a1250c1c83b04f8eb17f271740836b93d95499f06a8');
INSERT INTO "log_head" VALUES(35,'flowstate-log/bbf253c487c49a10
35
3S0a90f84Gw7wi8r9DaVhEut5sRghexf3Jx46TE9I5w=

— flowstate-log/bbf253c487c49a10 cd4HAxDo+ThDUN5K/qR61jL7R5aKCeLELmHM+WmF2SnqQfI+tVycAZRs9NJeuEqkdSNFl5+tZZuDiB+FK8wVEPaRnQg=
','35:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,f3a1ab8c7b678476ebe29a1250c1c83b04f8eb17f271740836b93d95499f06a8,9f3a56faa9770598ac80146a60deabe30ec5f6ff95667277322c487dcadf7458');
INSERT INTO "log_head" VALUES(39,'flowstate-log/bbf253c487c49a10
39
ZBbA88mRRLJwOeYE2Fxr93IfXO4b4VPvFnos+zbrUUg=

— flowstate-log/bbf253c487c49a10 cd4HA2uCxuU0m9mBZF5IGXwPhBT35ZOuAYk20y36QQCfQKjLMMCdbFwVBsNV7l3GiAPRT6invoeMhcWCKOG0a2z+zwk=
','39:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,ef92785b86c980513f634ce2e8f5dfc36a4cb2613900ee6b2afa68442606f188,07c88b8fd81bc39378dadadacf619d4eabf62acf09e2743965ddf555259826be,c25ae2d9241792483618b85b4b82a6717009c5659f6989b92c3dd0198c67c3ee');
INSERT INTO "log_head" VALUES(40,'flowstate-log/bbf253c487c49a10
40
J7qNgZmNRO3PYL14iyY1h6yYjupDNmIpkZ96PJhkZsg=

— flowstate-log/bbf253c487c49a10 cd4HAwSn+uqJquG3SF4aYPh9nO/FvDPBlmL11ITXHIDWys59um2Qfv/Ms3Ufot5qvJfUDhPOFDxrSKvEUmP0mx+Rjgc=
','40:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,c8f5e67dcde94fe3fc065116177845295a657afca8fbc7cba7e86eded35963b7');
INSERT INTO "log_head" VALUES(41,'flowstate-log/bbf253c487c49a10
41
xqqmiXVQgMKdnSL7Y2VZJyC1mR0JTu4Q63FyfYmPdps=

— flowstate-log/bbf253c487c49a10 cd4HA+UqxAlQWXlbzUstaZ88gty2H7bUaSU1418ZF0xYRtE7DXUb4Vv4aKgo8Ls3Q+sd9TxJ1TJV5vljhFbbtE6T9wQ=
','41:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,c8f5e67dcde94fe3fc065116177845295a657afca8fbc7cba7e86eded35963b7,f5defbc27d8af95fc9fe40a38fd74b2a58a6f6303f1bf240116b2c68ca9c0784');
INSERT INTO "log_head" VALUES(42,'flowstate-log/bbf253c487c49a10
42
pOkm7V+xGde1VmiUx0X3YLqRjq02bFKmFToJTM07feE=

— flowstate-log/bbf253c487c49a10 cd4HA0A46dWY4QjcsoZdrDWpBPceq6ndmh/b/RwpuzZvIUHrN9CRncnJcIxUSDh8D75M/KiepaBMLVTxA7koLnXH2gc=
','42:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,c8f5e67dcde94fe3fc065116177845295a657afca8fbc7cba7e86eded35963b7,0989146c19e4b9be1a125ffe672ced3527f31baf6304a0c12931d92edeae7071');
INSERT INTO "log_head" VALUES(46,'flowstate-log/bbf253c487c49a10
46
RsyPUkgU+O4MBg3fbhPYSqnEwUWaafbo5dGp6xqVZoU=

— flowstate-log/bbf253c487c49a10 cd4HA8N+9oaDjwbGp6kWpwGGzcHD/+JyyZVqJo/Y4hsBCHo5cT53MEPuNENuLPtaW7RR3BW+NijougDPgHCR6l/dogg=
','46:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,c8f5e67dcde94fe3fc065116177845295a657afca8fbc7cba7e86eded35963b7,f245dd5dff4c049ce00418b40a32c79e85233e971382ad50f62165e0dffec955,9d5cb3dc479be46ce31ab5eef175105827eb844929a81c31920fd7e33fb0c84f');
INSERT INTO "log_head" VALUES(47,'flowstate-log/bbf253c487c49a10
47
g/62RX0RQzfW09YzRLiJaEnFCfmXfIlWEyG7kuprr/4=

— flowstate-log/bbf253c487c49a10 cd4HA8QSraVO/L9fcTiFLOO5pSMXhKzsHWt5FlUPSJlHBL4hwGv0AF6vst5fzMMm9D+zMcTDojp8w4678clW2DLSnAk=
','47:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,c8f5e67dcde94fe3fc065116177845295a657afca8fbc7cba7e86eded35963b7,f245dd5dff4c049ce00418b40a32c79e85233e971382ad50f62165e0dffec955,9d5cb3dc479be46ce31ab5eef175105827eb844929a81c31920fd7e33fb0c84f,cab7d1dc544d2f54158fe88c099e10a5fcce1dc541262f80e8307a4e439fe262');
INSERT INTO "log_head" VALUES(48,'flowstate-log/bbf253c487c49a10
48
xxFnSczP3bN1gcuW8RN9q4iaPB8yxYOOuyJG3WMorfA=

— flowstate-log/bbf253c487c49a10 cd4HAwq1k3BHaQjg+UtmH93qISxpkQn91bHqLeVoyot3ewYv3ndXN35Q9Em4TIeRRs3HT16gKY9NciIEYbXhYS1iyAM=
','48:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,61a04a7f234c4dc00fd04d918268c64b62de59b7d2c4448695659dc1b29048af');
INSERT INTO "log_head" VALUES(49,'flowstate-log/bbf253c487c49a10
49
dwSm0XHH9a/9I2AGYKU+3PXLs2EXVIPjCZMSS4quPcU=

— flowstate-log/bbf253c487c49a10 cd4HA6Z+b1stItMUBIkPop95RrKo3bylWMl3v5VqYUgi4TqyM/tvpybI/ZF4jWJIG4DWN+3hFeu71fYwvWRGDIDcnwo=
','49:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,61a04a7f234c4dc00fd04d918268c64b62de59b7d2c4448695659dc1b29048af,14f0d9c35797dc0e63dcc15e5370724e6ca97174e7fb88502827a250ed663aa3');
INSERT INTO "log_head" VALUES(50,'flowstate-log/bbf253c487c49a10
50
vZcaIXD8RWE6HgIUx6JacCRcXs/y7AlWKJ6HJH8Ty5Y=

— flowstate-log/bbf253c487c49a10 cd4HAzpRmyktpMg0xSBLOrueHzAoUqlrv6vywUGXcqY+kuf4SbhCtoOK8L5SFp2mZB52X8V2bI4ezcBGE0V31t/V0AM=
','50:aa996530a4b22a1cd1198299be9db25faed5e2a2332d04b90a93ac45f69a4322,61a04a7f234c4dc00fd04d918268c64b62de59b7d2c4448695659dc1b29048af,449ff42ee748d09f8a8680f1ba66cb0407e6f3a3b7f5a86c452aa8dfe2f9f588');
INSERT INTO "log_head" VALUES(70,'flowstate-log/bbf253c487c49a10
70
IjTfEyggwCBWqjG0WUBAktvcmmpJIx/sZVphZ4Mefig=

— flowstate-log/bbf253c487c49a10 cd4HA/lsuo13mkV6TVTAujz+S1ktiYrPvSnKvUm8juELFLAxjDEP/jPBl7UEVU8Jafuz3ZZ0//IaA0UA4fBDinC6Yww=
','70:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,cbce409388937dd7f70bd5449902c9bede77829c1ac577accb4be2913e89e90e,2d3eac2ff7c8a77e15e822934a9cd4e5e35255aaf6310d1a1dfa878948240f58');
INSERT INTO "log_head" VALUES(71,'flowstate-log/bbf253c487c49a10
71
S2kM9/DLq8noC9nypsIDcB63itdT++ukpOyP0/dbz+w=

— flowstate-log/bbf253c487c49a10 cd4HA90AYPTDfYXaNnaRA56nxseETdu2qSDMRCLFqmx8zEM3Kso6RWKFATVLylTVzGOPwZccd5q3S98ncbVeFsJywQY=
','71:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,cbce409388937dd7f70bd5449902c9bede77829c1ac577accb4be2913e89e90e,2d3eac2ff7c8a77e15e822934a9cd4e5e35255aaf6310d1a1dfa878948240f58,e0b1c4f88ea0bbac54ade38992390c29c723b5937e1e8baa6a7a02ddec9130cc');
INSERT INTO "log_head" VALUES(91,'flowstate-log/bbf253c487c49a10
91
yxX/xdLcAiBq/Y8WHC2K7mGPcXeRfrnHRKeYqt5SWbk=

— flowstate-log/bbf253c487c49a10 cd4HA7/1dNPZnkFuEtxlbYFhWZmJ9T3usi6pBnlSeJ8vo3qW6RPMPi2+AsVrdvwR4xDj3zsmfkzS1oNEI4lsdeYMKgs=
','91:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,08764234a44c04579b654c4d4a35b6be548b74c1c8a59b03c5107dc04dff9417,96db9271e81d077ea03f18a473d847c8cfe90795f9ed1007382e32c62a228369,8957b0fd6e37b65751a9f1241dd2978f019edfb8c14c6423b16911552242eadd,3db43bd6973603f08099701e8295393f42be148513d9586f02b3c15567c1b90d');
INSERT INTO "log_head" VALUES(92,'flowstate-log/bbf253c487c49a10
92
zrXnKaV/jRPY768Neq12qe/3+ks41G6S6pVf9dvqBgw=

— flowstate-log/bbf253c487c49a10 cd4HA1mFQvYD7WT892pyTAWZ98KEqytG49drEjV6fAe95YbYjusvWRYFTNaR051+fr3n9Mo+Ug8cukV0xrtt6u3E+QE=
','92:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,08764234a44c04579b654c4d4a35b6be548b74c1c8a59b03c5107dc04dff9417,96db9271e81d077ea03f18a473d847c8cfe90795f9ed1007382e32c62a228369,e9c71204f1b20df4f181553d3aa558d7656bc137701c5ed61c0ce8ca5832ee73');
INSERT INTO "log_head" VALUES(93,'flowstate-log/bbf253c487c49a10
93
uecF5z/1fmP+vGBuoAdiZty8xt75qPRL7ZgqO9+0BqQ=

— flowstate-log/bbf253c487c49a10 cd4HA2KLPtV87XsdxwWF+Z5wgwY9p7AbKC7SGWtaRStowC1vNEJ9ELlK11j+T6Mtw/U+dVPUkOOdsr/CNktscfryBgg=
','93:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,08764234a44c04579b654c4d4a35b6be548b74c1c8a59b03c5107dc04dff9417,96db9271e81d077ea03f18a473d847c8cfe90795f9ed1007382e32c62a228369,e9c71204f1b20df4f181553d3aa558d7656bc137701c5ed61c0ce8ca5832ee73,2bac5842bcda18dede925d9087865e7e4fd89bd7b1c9416bc925a03fa06c05be');
INSERT INTO "log_head" VALUES(94,'flowstate-log/bbf253c487c49a10
94
0y2pP2n2vX5ryL71EeEaARNg43yPY6RYQs/kGPpH3fA=

— flowstate-log/bbf253c487c49a10 cd4HA/Cue4eBZiR7j2a6PSPhIdyvZV34fQDXPm3lH8akKYeERc4A7zAdzR0lLfR92qM5iSHSteJyPjDsv2QmombqkAg=
','94:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,08764234a44c04579b654c4d4a35b6be548b74c1c8a59b03c5107dc04dff9417,96db9271e81d077ea03f18a473d847c8cfe90795f9ed1007382e32c62a228369,e9c71204f1b20df4f181553d3aa558d7656bc137701c5ed61c0ce8ca5832ee73,14294f928c138dc5ea22d04cc5c2d79fa4f6804f7344ea3d0bcb5fd075b38a8b');
INSERT INTO "log_head" VALUES(95,'flowstate-log/bbf253c487c49a10
95
8VgAl31ZtsdyyhT2ZDI5OyA0KwviXuytqHTHS/vXToc=

— flowstate-log/bbf253c487c49a10 cd4HA1QWpgVegZC9L5V083Kge0N7LDbj4sg3Bg0eJi5d9ky8V9UiYloNLPdopYDpLy9EJY39dfDJbq3XJyCpSgBTjAE=
','95:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,08764234a44c04579b654c4d4a35b6be548b74c1c8a59b03c5107dc04dff9417,96db9271e81d077ea03f18a473d847c8cfe90795f9ed1007382e32c62a228369,e9c71204f1b20df4f181553d3aa558d7656bc137701c5ed61c0ce8ca5832ee73,14294f928c138dc5ea22d04cc5c2d79fa4f6804f7344ea3d0bcb5fd075b38a8b,fb54c8e7abe8e983aa83f44c5b459799dc783a9dabf49bc0f6a39eeba34ac83b');
INSERT INTO "log_head" VALUES(96,'flowstate-log/bbf253c487c49a10
96
izpraGuqwEYHTqx9pLGMwBva+12w8L/OpXJgw0cWT+M=

— flowstate-log/bbf253c487c49a10 cd4HAy9dUz0o6jX+u2rKZ2Oia+xHK1C+Hvw5tP06TK/HGD4AvY+yhww3JmUXQkkV8f2kMxZhNZhzQ96iv4WUezfu7wE=
','96:5975426270910c19f04699687f1a1a19705ffb6e75c74468a1ff5cf3b0f124f8,01553911afed5e3597022ff2e5acf11dc90bcf945215818398ecf5984ce36755');
CREATE TABLE log_node (
	level INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (level, position)
);
CREATE TABLE privacy_event (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	tenant VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	relation VARCHAR NOT NULL, 
	noise_multiplier FLOAT NOT NULL, 
	clip_norm FLOAT NOT NULL, 
	clipping VARCHAR NOT NULL, 
	sample_rate FLOAT NOT NULL, 
	steps INTEGER NOT NULL, 
	truncated_at INTEGER, 
	account VARCHAR, 
	epsilon FLOAT NOT NULL, 
	delta FLOAT NOT NULL, 
	randomness VARCHAR NOT NULL, 
	PRIMARY KEY (run, round, tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-0','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-1','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-2','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-3','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-4','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-0','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-1','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-2','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-3','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-4','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
CREATE TABLE refusal (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	tenant VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	envelope VARCHAR NOT NULL, 
	PRIMARY KEY (run, round, tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "refusal" VALUES('run-1',1,'tenant-5','budget-exhausted','v1.1.EdFRYVSPu79JdYXKnJNcknH0dalEn9OHo7cc9giT','v1.1.IYACNXGV0Fq+FzK0xj29nc8/kZ5GxyuzH6c+R0EhIVAUi6h2FUoEM138YT6CoLnuqTUSMdE5p7FICUC+CeDXwtB72Sr4lmUod7ZI3mn1CcWpdI0s+rxhAVq6i/eAB4ZNV34OoskPjq7IE9TKwP+hiN/YTJaIH9r3jr23Z4kFofO7qx1HaVWM9ccwq6wJZHQND/cZI+qUkysB0TgxawJwtdANBFBIJsuy1UY/ViU9eO4+Be8LC1dGksCsKQMAS4IgcjtXRV0hdO16JAdLGR/0PpsdQHuuCHn05tY1+po8804pxZRoi2MJTUMNl5hC7hTU5Sluy55mKaW/aKJtrFbThROB1pVi1bTHCCwRLx3zx8eqJAY5YQOr0/4WUnPl04YEJo2QEnrklZDkJKKvTjWZbwTGF1LIR1DP+oHyHOX98MrtEUDaR2/UHaA8wWYVAn7TiypdZw2ij27k4rL3xHgj4QpnM8w1gu4vXDHDwZDeBYFRWIYPQ0QGbsoU0UtX2OqUtxf+z6aznFYDjj1/74HHr0tgn3H+86aYRRNHr8SOrFrzdQmIXyf97HmVGmtXhprnvJ6hyLe7Pxw2mKoLrKlim9qCduFa');
INSERT INTO "refusal" VALUES('run-1',2,'tenant-5','budget-exhausted','v1.1.ZHcgKuSu0XmTvbS+mfzUQ2LR1uao9qVGcgIZtM57','v1.1.aFDtSXzeddEukLHvNXUs8ju1XRkNC1REx5f5gTV4j1SWnl/4cXEuXi0Y0uckJ1NhNMsSpaPTuItjS3/jbo1xnT66qnJky1NwEDrp6J2iBkflJEQtuvYiHxqf0wEs47l62N/8JXSGmySvCFRSQJwCqVBs7QPKTaTylZVB26xoeLMwKz1nW1gJMjJCGBButrAcpr+rGPvBuYmRmOL5fWRSqPXfuOKmJxKmTukTxsGPs3CTsv+sVx79FIP6YhcV0GMTdwr59wm1tRRRiKr8ZnCKfxptMwu1XmyxYg1tj33+AlijPnlILlw6bR/p8HiTuHv3tIOW1Ky52nwCyCFTqFPxmnSbER+cGMqsY9re8uyjw32EeAm8fdnlurZ7//6a/UnZiIpsI8OqRa8bbg2apq6uHwsholtx2pekcG/TyyRmsFiq1Z04yUlIQvoqz1K0lG5jqYqqYEYCgKbyaSt5IJdws1YirV9XQCu0v0CtTSpMx8KXIBOxAwlqngJwX9TrRVOARRjyfVux1R57GBR9G+4hi5vseroUSlBzLTeSWOZbCDFeJ2Dt5m0+qiNb/NMcHTdfmyf+hBMHf5zxQvXLr/TIFfbKKmPb');
CREATE TABLE rejection (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	node VARCHAR NOT NULL, 
	tenant VARCHAR, 
	reason VARCHAR NOT NULL, 
	detail VARCHAR NOT NULL, 
	PRIMARY KEY (run, round, position), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "rejection" VALUES('run-1',1,0,'1007','tenant-6','not-finite','v1.1.cuYOhFwBc9SRXXgwi8xxvHUnFBgUIgGkvKl14561KNNLV3ojQko=');
INSERT INTO "rejection" VALUES('run-1',2,0,'1007','tenant-6','not-finite','v1.1.cU4wr5UMqCVfJ1MsVwnJkYTngnNuf3KA3OflmsNk2CrcoTPvWG8=');
CREATE TABLE round (
	run VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	status VARCHAR NOT NULL, 
	why VARCHAR NOT NULL, 
	base_digest VARCHAR NOT NULL, 
	model_digest VARCHAR NOT NULL, 
	closed_at VARCHAR NOT NULL, 
	PRIMARY KEY (run, number), 
	FOREIGN KEY(run) REFERENCES run (id)
);
INSERT INTO "round" VALUES('run-1',1,'aggregated','','85fd9bb0dc60b1587286bb58097ca7fa0d92c303411715b63612a5040a4828b9','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9','2026-11-29T04:24:34.122881Z');
INSERT INTO "round" VALUES('run-1',2,'aggregated','','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9','2026-11-29T04:24:34.143290Z');
CREATE TABLE round_state (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY (run, round), 
	FOREIGN KEY(run) REFERENCES run (id)
);
CREATE TABLE run (
	id VARCHAR NOT NULL, 
	purpose VARCHAR NOT NULL, 
	rule VARCHAR NOT NULL, 
	byzantine INTEGER NOT NULL, 
	planned_rounds INTEGER NOT NULL, 
	base_digest VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	started_at VARCHAR NOT NULL, 
	finished_at VARCHAR, 
	model_digest VARCHAR, 
	note VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "run" VALUES('run-1','research','median',2,2,'0000000000000000000000000000000000000000000000000000000000000000','completed','2026-11-29T04:24:33.169635Z','2026-11-29T04:24:34.169166Z','1111111111111111111111111111111111111111111111111111111111111111','');
CREATE TABLE run_attempt (
	run VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	flower_run VARCHAR NOT NULL, 
	first_round INTEGER NOT NULL, 
	started_at VARCHAR NOT NULL, 
	ended_at VARCHAR, 
	how VARCHAR, 
	PRIMARY KEY (run, number), 
	FOREIGN KEY(run) REFERENCES run (id)
);
CREATE TABLE run_spec (
	run VARCHAR NOT NULL, 
	spec VARCHAR NOT NULL, 
	app VARCHAR, 
	PRIMARY KEY (run), 
	FOREIGN KEY(run) REFERENCES run (id)
);
CREATE TABLE server_event (
	id VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	tenant VARCHAR, 
	count INTEGER NOT NULL, 
	detail VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
CREATE TABLE settings (
	layer VARCHAR NOT NULL, 
	version INTEGER NOT NULL, 
	tenant VARCHAR, 
	body VARCHAR NOT NULL, 
	set_at VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	PRIMARY KEY (layer, version), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "settings" VALUES('tenant:tenant-0',1,'tenant-0','{"bounds":{"largest_clip_norm":null,"largest_epsilon":null,"least_noise_multiplier":null,"most_rounds":null,"most_steps":null},"quotas":{"bytes_per_day":null,"messages":null,"model_bytes":null,"nodes":3,"rounds_per_day":null,"runs_per_day":null}}','2026-11-29T04:24:34.157253Z','operator');
CREATE TABLE tenant (
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "tenant" VALUES('tenant-0','active','2026-11-29T04:24:33.034590Z');
INSERT INTO "tenant" VALUES('tenant-1','active','2026-11-29T04:24:33.087286Z');
INSERT INTO "tenant" VALUES('tenant-2','active','2026-11-29T04:24:33.101528Z');
INSERT INTO "tenant" VALUES('tenant-3','active','2026-11-29T04:24:33.115455Z');
INSERT INTO "tenant" VALUES('tenant-4','active','2026-11-29T04:24:33.129191Z');
INSERT INTO "tenant" VALUES('tenant-5','active','2026-11-29T04:24:33.142503Z');
INSERT INTO "tenant" VALUES('tenant-6','active','2026-11-29T04:24:33.156008Z');
CREATE TABLE tenant_key (
	tenant VARCHAR NOT NULL, 
	public_key VARCHAR NOT NULL, 
	use VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	revoked_at VARCHAR, 
	PRIMARY KEY (tenant, public_key), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "tenant_key" VALUES('tenant-0','8e1f630edb49ad820022257ebb340dbab1edacf90c29a8263ee40d4928fa9915','signing','2026-11-29T04:24:33.034590Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-1','4a9fa31ddd5a273afc1fd5a818068dcd7ffbb322aa3541bfd7b25bda139b3641','signing','2026-11-29T04:24:33.087286Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-2','f1e06b771c6117ce9d136f8c2c05fc1c1f06893d465a28fcd9e737f21a8ed44d','signing','2026-11-29T04:24:33.101528Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-3','3c1b12ad9d70d3bb8704e886edb6f632ce8e873139eee39b76e90c5b46c5d04b','signing','2026-11-29T04:24:33.115455Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-4','f1e4ba449350b4a4ca6cb12c17ef8e07dba8dbe79594f1162cd6b6430c02a1f0','signing','2026-11-29T04:24:33.129191Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-5','38833a1e9f825396cc287119af34e9e8a3ec74a9c3b6bc3ed34856ee5283bff3','signing','2026-11-29T04:24:33.142503Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-6','c95c43b4a594dba6f0fad956fe28abc43427c96ba4016dcb91da104b19ad8f03','signing','2026-11-29T04:24:33.156008Z',NULL);
CREATE TABLE tenant_request (
	tenant VARCHAR NOT NULL, 
	received_at VARCHAR NOT NULL, 
	envelope VARCHAR NOT NULL, 
	PRIMARY KEY (tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "tenant_request" VALUES('tenant-0','2026-11-29T04:24:33.034590Z','v1.1.1vvYUTFX+sooCBi0blfiIHjvS/M9iqZ1YsUBuM0h95n80VwNTYKJUWCiIiwkpMGhAdIL5W0oJbtEtEekqh0xRcetAqEiEHr+LBFrC3yO+lBRBqGro0KN9a7gcPFN7wOVizi0t/OJvDtL+yMr+3zvkCT18n/HqeW8+Q8XrxxJXtoT2ToeYSj8yeMdofs50pKMOQOx+XOnj46wd3rOeriasy47bf3KFYw0c9UZcOZgBHPfom6v3FuZS+9COau484M7o6lU9uml1u/M52+5GbIG4SJ4kVt+b2goRluJS3Gai1rtP56iKmPQocm2ZPDn2PQj93HQp0N5tq2o6o4rEzIo2fbwEJs+vWDhL3YP3GcrP/L6ZDV0ecWOdqLIT2+COITQZZ3wBCxwkAoumuBdop11Pp5sDdqnDi1xDxe0y54/PjlYF+M4MoRd8ZVSUkT7GMPtcO6ENAA1Y+QG4UjgsENJbCdwtZ9k9up+lPKmC7b6kwkvFvppaMRcmmnfkDt9BJ1DW3YRa2Lq1U8BjL61TsjaOZXLJUYddzZWuilhB0rHcIrE7yq6B5GmEtCs8pQM4xS72UuJG5858Q3iSeMkBW7cfexsQjrTpfJLUV+Ag+wyKDFjFZN/EOVDsk4=');
INSERT INTO "tenant_request" VALUES('tenant-1','2026-11-29T04:24:33.087286Z','v1.1.4I/TDAL+RB0ptvLTQe05g2ZqcTglaZSrvfmx6b5Sa3Pumz45osGXXXh+1KgzPJgEW2TKqxNZ5E2TZU/19jl6pXWrmczHoHGetE0pKdoe2OHmJ+3K6w67L8j+YxmPf4tsZcx3sQ3doYXbudPhl8EgYxHKvL72aqkqrNKsuAFvoDS1jVBjffYP5064EFAb8jB/CWsTv0+MezyThxHXJRZ5wnkCDfDArENVyivqCZAgxK5DK2HopmAEsEOAEkd6kGefdIbwjX4sj0fzC7J9jhkHp/TKfjdJtwvL89p6AJmYCl6cfDIotEKW/ftO7J9hb6BTCdrMMcltRDn8Tb9SBqFNbFlaLILakTowBuluMB/WhMojYLHV1CkEBXuh698hhb1CZCNcnd8ebwAjAhNzA+6McYIe6FwTHvidkL4IMuuu34JWJJKaiwMTNB4nAWBaihNXoCGF3EbbUL4CCV1B0oeR4CwY9wmULTmsKZ20eCwQDqa+UM5cKC/hU1WGQOkgtLYxJXcDzERwueJHSOtD5s3CRPxQH76X/ZOmaSXy2fD49317mH6mHgvg8jvFN4OecCpEoC21JQG2xrLjQybhzqnzbn304RuU5QcuJWqOMkJoM+c2nW88cw/QiEg=');
INSERT INTO "tenant_request" VALUES('tenant-2','2026-11-29T04:24:33.101528Z','v1.1.cOfOIdRq+J8a/V9A8QsBx5VJ3LjcF1BLVObs9VSHLc5NWdizL6ZO2YUvXF2uiMp9dw58yNtDRpz4E9AJljLOukTRQGSTXgHLnkdb+tN8oh2W2iV5bru6J2f+tACzovSn2lN9rnd39icEhy4ANOMcFKPU4h/3v6a2+S059UfWax47Btz9kI0RxNWYJDytYZUT/bZ0UlgPEWMesNR/XMy2i71OhJWP6a+D8gt2SXLzWNphpKYUajxewlVhQVpJGr1Ju9MaXv5KDjxPzPklJbaHmvpMZAr0zuLXY1ZkEzOPFNCWdUxM52ihq7vgQRAmgeoz6MO0Vf4PfbMvf7ic7q70IXvzXZdjOGyXMvvcGXClY9n/aK96oAQQ0vIjQuncpKCOFz7+/9qKn/O4KIplh0zqptaAnA03clj6rEzSnuuEDjavVYojWxze7w4RLzgHEX+OcOv3ChHl9+CLSQI48oHiW9w74SvANX1vJkTeEy6y3PR/xwxk31szdKV2ndaOYlPKRLPyhl/HWFrQvSoFCE1pI1oEFj3fykhW2f7kMUug7KSmAsR3xcwhzNd2rwFBfJbwJeJZdaJ8JWg/E4TGT7LwqPAllUgXQMQi7RLgtOxYySREJG9z4JCSNcM=');
INSERT INTO "tenant_request" VALUES('tenant-3','2026-11-29T04:24:33.115455Z','v1.1.lW8mIM5n84d4cUapV6hs0mFlw0WmhRuBIL61ScbIKhOfyCXZ4jcXAy6a3+6831WRrVgZpS/ze8k3Ph9grR2sLmnGToxnKsfcejmvMoFKJyeUceW6xcDU2FMRDgXl97NaBTcyEkEDJUaaHFoEN7OEaf20eo1wvT2UmWvOe8J9t2ba9pTXKrAmwsGNVtez9LEPuPV6NxA/nFdzg/SQju/HisHtbhtXZJfk3zGJsLLGP0yUUKyWBaVvpRckDjuFI2P9GvBzkP6SiNDIeZpkiJvUi2su1voYLNqNMsdiSogNIIuYFa0XT87rojxiqkb0vFPbJpdiGr2+33Wwwb7Hjf0s2us2Je1U5lVeH08HjYFCQjob//4atfNcCVHiVAYvRP3rwj6mJooD4+KQ7pgCHEt0HnZdmYJ73KJhgycDPhl6OlbUX5tNGhFNcqbUsij0gJxEVefP30OsIfLFSyclTUGnjNvbdB43Kvlp0LicxsCqoClC3Hf7WF7Q6sMKOyYIZLYpICCXSCL5jaEc5l3dBzo79ia5DCZyT3dM7V+Eac8yeoMU+ITmsdR2jlPqAPr662oAmvD9fbyUs1CHXIk/7sNk8lNH8B/XMcZgcupYEp9Dj1lE1GjZT0UUfSo=');
INSERT INTO "tenant_request" VALUES('tenant-4','2026-11-29T04:24:33.129191Z','v1.1.z0qbax6W5Z9hrksiJqlpGw7JApM8CG7NsvP+GQG0P3R959EYxeA3/Z2R2FZ8Xl2lU+SWhqjrgw311DNPTf67BDCB+LulnPs5jcTg6qgWA6ZvZE7auAB8fUIPux58t2VZ273aOUFkugDkqbS0qZdeQdfjDlJtgOXslPDroUd14RSCuFCPj3s4RiQsApqcnsNYmpZBi/ShwtuvrjbRyGNUK9wKZkfBcuJIF1lgeLXLSMEgMzCRy3bfhBvQ+7nAT12jVli8DJQle/pxmrj68J7LuJC5MozbCHJ7mMk387fmcH1LpW2qqFI+3J7aCPDNFs5TgNoKazHxLv/rFJNjogrjxNHw5JuyRmDbWT9DLEGBAR97D5oHpDeKgEKsF9BTJLh1SGvCHcPjjCZapskKCXknL51Dig59xoAAFxXDGlpo8gjIPTsUlGmW5jPEucUeV+8eWI27AeG88Sy4VTjvIRk3uHfUDqNHUN/kH3hfDbKZEnLvdCWAQH1zmFAHotVDaF88pDt46B/NmpbWIDFsYgavyjUqsw+4eMB1j1GEspY8dXfzE0CyxquFUP5c0NlK9b82nmQjE9ZVeB0cqwdCxqpi4mq9+neqjYazWSrrHR4vjp8LXbhuxRu+Wfw=');
INSERT INTO "tenant_request" VALUES('tenant-5','2026-11-29T04:24:33.142503Z','v1.1.tTBPS/XQACh/LzyCU4KPmfxjCojiypWojjFziNzAcBTHSMFQPfyaRpIpJ+okRqFz2QALcfmxktRYCiBsD8JIuSlvvq7xHrIMjAm8sGwrvs2Iws+GZCSclWGudtdxgBdHNVHy9J2ZIKkV0QCL1PYZAFI2tuXVa8n7gvSEZZLPLDuxs+VrAennsnsA0o3qjroeQVv8yxP83bndul2qk27hJy5kd/4S87Qw7cHeE2No7NCd9izNrkmBXFdUQ4eCS1yLs2nMqGRlXWXwqhmpymBlkT34b3iU7P031Mz0m3vXXs+qIHHjCYOZlPcBjfvtxRVYvzoDCZmLumyi/QM0e9y+O6QPEwZwfP/eTEbUUWbyufOVSeGNn+161OnLQXF/JDNN4h9/ZvZxLMfzXs/1rwc7KiEYGRhXViLr+MjuYIVgj9M4M8Tt0wPgb1UGDUjq/yj3frdqPJo+HXFOXok2bPYYcTvmYi3sFcgxcE5OjbemVzD5K5rCFw2Lp8paTExgo2vYqiRdUmLOLBdPJUxHQt20W3ySGdhrUXS8DWBdfmeyqagtCzF+oSWuHUU1FQuU6JladsMXFyB7uUzsB+ADWm9wt9eKRclj9yqDrsKLAs7v+o6PgDhzk+sqJAU=');
INSERT INTO "tenant_request" VALUES('tenant-6','2026-11-29T04:24:33.156008Z','v1.1.3asgEeXhDuyruzyvkBVrDz36/C1DwGCv/vCu6Jgm0h6eCvtptpaZGlmp9fs36mWE0KOoUgAeXMh7k4z2StjImGt0dSaN8RsNHC282tfOe+xl3Jz5CgKsNxQ4lhjV/xOsAcRLS1TDKNd7Zl4fs2MDY9AkijzvcLr4UrWFKMUQKLQeyGgveheP0T3gc3GaSlScbjy/T0jBDgsZ5XP4ti5oW+XgqjEgOURCzmwSE2pWKZNPe3PyqVsdnqhFT/Fnm+kw7BOptNKu+l9RsnYPlul2KV3pq6eILiwEUo5HbIxpnE/v+jEOYw52Flo+PftOVe2tuF/yD6dLEy5uHylFXRsyaU7pw3j8yQuxc5HgFUtnP61H+KLQgJzuvxGpsUAx3RMk8nOEdjqabTZx/w075hZV+r5cP8wCi3MdrGheR6AK67c9TcWFlZ5W/Ym4cp4a4hVP1j5VE+oqy0RAoknxUaNa8RHHi74uxnD+4vcTsdlVpDeTouZzgS74kEluI+bhsD8u/a6b+0mMvWH4RjeLcEoL3b+GnQYelfX6nVwdbjiVNO7xxVQN/wApG97XaA2shBTy9qpxipFNn+8Jakj62JEFTtIarbCdHTeRnO1uYfkJNV53V5mUvT1Pgps=');
CREATE TABLE ticket (
	id VARCHAR NOT NULL, 
	tenant VARCHAR NOT NULL, 
	token_digest VARCHAR NOT NULL, 
	made_at VARCHAR NOT NULL, 
	expires_at VARCHAR NOT NULL, 
	used_at VARCHAR, 
	withdrawn_at VARCHAR, 
	PRIMARY KEY (id)
);
CREATE TABLE usage (
	tenant VARCHAR NOT NULL, 
	counter VARCHAR NOT NULL, 
	amount INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	PRIMARY KEY (tenant, counter), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
CREATE INDEX ix_tenant_status ON tenant (status);
CREATE INDEX ix_ticket_tenant ON ticket (tenant);
CREATE INDEX ix_audit_event_tenant ON audit_event (tenant);
CREATE INDEX ix_audit_event_subject ON audit_event (subject);
CREATE INDEX ix_audit_party_tenant ON audit_party (tenant);
CREATE INDEX ix_tenant_key_public_key ON tenant_key (public_key);
CREATE INDEX ix_data_key_kek ON data_key (kek);
CREATE INDEX ix_consent_purpose ON consent (purpose, withdrawn_at, expires_at, tenant);
CREATE INDEX ix_settings_tenant ON settings (tenant);
CREATE INDEX ix_invitation_tenant ON invitation (tenant, run, round);
CREATE INDEX ix_contribution_tenant ON contribution (tenant, run, round);
CREATE INDEX ix_refusal_tenant ON refusal (tenant, run, round);
CREATE INDEX ix_rejection_tenant ON rejection (tenant, run, round);
CREATE INDEX ix_privacy_event_tenant ON privacy_event (tenant, run, round);
CREATE INDEX ix_privacy_event_account ON privacy_event (tenant, account, noise_multiplier, sample_rate, steps);
CREATE INDEX ix_privacy_event_epsilon ON privacy_event (tenant, epsilon);
CREATE INDEX ix_certificate_tenant ON certificate (tenant);
CREATE INDEX ix_server_event_tenant ON server_event (tenant, kind);
CREATE INDEX ix_consent_place ON consent_place (purpose, position, tenant);
COMMIT;
