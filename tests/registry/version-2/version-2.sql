BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('2');
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
INSERT INTO "audit_event" VALUES(0,'2026-11-22T22:28:32.961475Z','operator','tenant-0','tenant.added','tenant:tenant-0','bf243d45045ffdb105e096831c638de94d1700386371e6082cc9ccb5958b7ac4','305924112b0fbee358f4dee018573839cb4f56ca2bd36a4e6a8be148dee46d19');
INSERT INTO "audit_event" VALUES(1,'2026-11-22T22:28:32.961475Z','operator','tenant-0','data_key.added','data_key:tenant-0/1','1d8edf7462d3c7d503f21b7ee288c9da0c8d8d100760b430fc160492d192fd23','2561a91af9a1809523ae02fece08894c735bed0ef658cf2a25c144eba043f09d');
INSERT INTO "audit_event" VALUES(2,'2026-11-22T22:28:32.961475Z','operator','tenant-0','tenant_key.added','tenant_key:tenant-0/802baa09039b5af011218ee2f8e73cb6789b0b1e66ccb45ea062520ade233f15','4a2d6ddf8bd1dce4a763e512b3a4d29c6a54d7428730b7dbfeed8f3b60d50db2','f181a9d9801be34ae3dd82f22811d3900f0f0047d056e9536a1d9d2b7ba7bf12');
INSERT INTO "audit_event" VALUES(3,'2026-11-22T22:28:32.961475Z','operator','tenant-0','tenant_request.added','tenant_request:tenant-0','64aa787101b0dc493952871af8417780093257f85fbf36134ebb3c55be8d6048','0b89d5f328fa5dc400d9fea097dd5f294266e0c17b1e90ca834a4557dd5a9956');
INSERT INTO "audit_event" VALUES(4,'2026-11-22T22:28:33.023803Z','operator','tenant-0','tenant.approved','tenant:tenant-0','c843437f61e4f84d7e16ef5f4f48318bd8c5e1a6790ea7543b1e7f5f7c8df509','1387546ae8480bd5d8e09c392ef727c0b663b84e11ca5686ca8eff3dc0ed6dc1');
INSERT INTO "audit_event" VALUES(5,'2026-11-22T22:28:33.031653Z','operator','tenant-0','tenant.active','tenant:tenant-0','b65d8a0ece6f7b3c954b259fd212254bcb4f47377c0d8543eda3503fc4f7e67a','6982b4022cdf8a6c527ef11d722f4d1f2a435afe6aa545861d48105360f08c95');
INSERT INTO "audit_event" VALUES(6,'2026-11-22T22:28:33.035883Z','tenant-0','tenant-0','consent.added','consent:tenant-0/research/2026-11-22T22:28:33.035545Z','8ea683c6eaf9bc3419911485091b3065b62802026f60ee959dfece62a17f6880','dfeff5fb326f8443c7e55d84aa81ebbcad633fcc5e5dc867a1780038f906f47f');
INSERT INTO "audit_event" VALUES(7,'2026-11-22T22:28:33.056209Z','operator','tenant-1','tenant.added','tenant:tenant-1','a71c3a5d3e9e227f9cdc8825264b799f3255fedfc90ef4191f8b20a791347b88','c3837fb5e99545db965f1ed8582b6dff3a44c84a4acdcd7071b7b185d94bc158');
INSERT INTO "audit_event" VALUES(8,'2026-11-22T22:28:33.056209Z','operator','tenant-1','data_key.added','data_key:tenant-1/1','66343178b0d50fb785661f4bd8c577be54aa2855a22e226213b6f9495921e624','40bddf6741df384e3af7a87d79756fed9f7fcd4df90b47a58ed1766554f22d70');
INSERT INTO "audit_event" VALUES(9,'2026-11-22T22:28:33.056209Z','operator','tenant-1','tenant_key.added','tenant_key:tenant-1/fbdf76f9c339606074a29a404db3b2b73ddc89632ec74e787581c83e91009738','a3b2d670ea6c215fefdcca1c7233d66d785d3dcd8c91a8e1e86edda31a43e793','c38d159b40dcb71a56853c5c03fa4a1ca3389b64d9b5f04b568e3a27fc376efa');
INSERT INTO "audit_event" VALUES(10,'2026-11-22T22:28:33.056209Z','operator','tenant-1','tenant_request.added','tenant_request:tenant-1','8e25c3b8d5519cd4be8a3f19f60f64208b82d6cdccbfad396f528420a4678b77','5acee2c47b164c23da3e5f08498263301df52c9f9fc33b8d50ae75b5be62707d');
INSERT INTO "audit_event" VALUES(11,'2026-11-22T22:28:33.071826Z','operator','tenant-1','tenant.approved','tenant:tenant-1','6b3887f8c391ae3e42d6bfae94f85f11651f973d570121e4e4a3af191b540f1d','da3654f53c5d3967b4657e61145b56bd00b0d530191ecf27ddee52c25ed9876b');
INSERT INTO "audit_event" VALUES(12,'2026-11-22T22:28:33.079708Z','operator','tenant-1','tenant.active','tenant:tenant-1','64a35afcdff9cf396ae462cc1a6fb55737f7951e33d1833f100186baf59c05d7','0ef432e384f8214c20a6bb5f8725ad47c84efb42757cf3f6e24b0a8a75af6ee5');
INSERT INTO "audit_event" VALUES(13,'2026-11-22T22:28:33.083890Z','tenant-1','tenant-1','consent.added','consent:tenant-1/research/2026-11-22T22:28:33.083600Z','3265caaabb63b3a18ed5cb090da57014df3bfa838d4570c32190994d54fab75c','21c83db879322266999fdf802391866359fc4cb74850b44e675b1dfd9a7371ba');
INSERT INTO "audit_event" VALUES(14,'2026-11-22T22:28:33.096039Z','operator','tenant-2','tenant.added','tenant:tenant-2','90dd1a73adb9fdf80f4deecb53f60597186388285090ce0a5acd3aeb4ec550d4','1798770449b650a9e07bf35eb19072b00789b3c1a693accc193dd8abc7e8c50c');
INSERT INTO "audit_event" VALUES(15,'2026-11-22T22:28:33.096039Z','operator','tenant-2','data_key.added','data_key:tenant-2/1','b9d5ec9b10fd362a4383202fb7637e97125825d4c6cc1150a17513fede6af02e','2aa1d8e8b5a92086ae23cc27eee4945b835e478ba005095b55c6c4678ea0c9c0');
INSERT INTO "audit_event" VALUES(16,'2026-11-22T22:28:33.096039Z','operator','tenant-2','tenant_key.added','tenant_key:tenant-2/7303051bba216d155dd88ad5fba8bb4063772d7169c8247aeded477b1a46b1a3','1d7e541d34e179bb99ebe86475849f463fef5a4dd73aad456d89ccb0f9122c7d','5a720c362bdc6d296725888c07cdb4440ea09e300f7c445360223d803f228f96');
INSERT INTO "audit_event" VALUES(17,'2026-11-22T22:28:33.096039Z','operator','tenant-2','tenant_request.added','tenant_request:tenant-2','4223463f62a47ac0fdb5f513a8663de14ce15130efdc4f0fd3d3be0ec8f4b76e','c479d3a619adcfb9210f42c50e2ce42c84b2cf762aa6f7032f8b5c9dcdad56cd');
INSERT INTO "audit_event" VALUES(18,'2026-11-22T22:28:33.107662Z','operator','tenant-2','tenant.approved','tenant:tenant-2','8b63dc67aa12ea3155f7a3be5502377ae27d40e425ea8d3a8352bb882f89f2d9','a221e7070e7803963f576f0dc454e9abf83c98343c6c8afa74ccb84ea3a753df');
INSERT INTO "audit_event" VALUES(19,'2026-11-22T22:28:33.111636Z','operator','tenant-2','tenant.active','tenant:tenant-2','91c1b249db4d67e1ba0be7e70adffaa289dac32f0da9ca859828e956a23f61e5','daf000dab2c6a8858dc93bd399bc1bb765b7e302281e9b67bf1636b03f9c5705');
INSERT INTO "audit_event" VALUES(20,'2026-11-22T22:28:33.119907Z','tenant-2','tenant-2','consent.added','consent:tenant-2/research/2026-11-22T22:28:33.119607Z','b8e72b2b902372424704a89515d8a8571056565cae2e5b6968c9a3b4f92ec844','cf195c41266856c3ab9b07fc37d835d89338363300ae9a6215179756627e0a97');
INSERT INTO "audit_event" VALUES(21,'2026-11-22T22:28:33.127900Z','operator','tenant-3','tenant.added','tenant:tenant-3','81e44112c6709667078252c7d4a8b2a14877e39f8b00446ff5e40305c7741117','bfedb08291a3ce914828174eba62ed2a559299522325cc3d7239c3db6042c114');
INSERT INTO "audit_event" VALUES(22,'2026-11-22T22:28:33.127900Z','operator','tenant-3','data_key.added','data_key:tenant-3/1','2b4d0564408bdf4bf96d4e93d3e7b343a846a6a0062e3c5814b51d332cf3d080','6fafbfe4a15c18d139f8a07a1b84380a7c5c3d31cccb4a0c9b19e9bb764dd284');
INSERT INTO "audit_event" VALUES(23,'2026-11-22T22:28:33.127900Z','operator','tenant-3','tenant_key.added','tenant_key:tenant-3/4e8769dfebd284398bae9422997a9f806b367d79784284ef04f55d5472b2dbb2','250a1147a16e890f012fcf26ca9cb022460619d89db08c51f8af880089cc6bd2','92e163ac94e039a609e016772546b5d9ce6e3071636a59df9ba10c5bca3b230a');
INSERT INTO "audit_event" VALUES(24,'2026-11-22T22:28:33.127900Z','operator','tenant-3','tenant_request.added','tenant_request:tenant-3','c84a39930a5bbea4d494ea519453e2e0aeda4bf5f6fcf5e5af63274ad3decc06','a3b33f1bd89bcadbf2e469fa77f78d3e8f69088815f3ca4c789ede658d9bc6e2');
INSERT INTO "audit_event" VALUES(25,'2026-11-22T22:28:33.135624Z','operator','tenant-3','tenant.approved','tenant:tenant-3','7b6fe192495d23170f793e360b473bf42d5fa5b08800e351e303ecc92a35e0fc','995eb39e189ae319d13701e42a8ce55b4d9bf4e315e216a05e7c0f39e41c919c');
INSERT INTO "audit_event" VALUES(26,'2026-11-22T22:28:33.143634Z','operator','tenant-3','tenant.active','tenant:tenant-3','46a9f9b02eb2d44620c5386fc8e2fb2e7f57fab9058da285718ecbea14d263af','14a8205b3ba2790c053b12a0803eb7fe9496c66bc9aae95bb18dad49335cea93');
INSERT INTO "audit_event" VALUES(27,'2026-11-22T22:28:33.151868Z','tenant-3','tenant-3','consent.added','consent:tenant-3/research/2026-11-22T22:28:33.151584Z','be64d94a2dbeadc7adf9e02e7b68db961be81b2a6e50e82aaecc68b99687b548','bbf8cec7821ba9118b730c067ed5280c135bef8f184a40ce560640116dd0d1ae');
INSERT INTO "audit_event" VALUES(28,'2026-11-22T22:28:33.163233Z','operator','tenant-4','tenant.added','tenant:tenant-4','65645775f4f8bc3d27c33b53616e211b8ff0b682913e605bd55c3a2db8b07f96','5b1e9e76735ac80113752fc5581a9aa665194417281161c1258cf7141435c998');
INSERT INTO "audit_event" VALUES(29,'2026-11-22T22:28:33.163233Z','operator','tenant-4','data_key.added','data_key:tenant-4/1','743b2cc2d29e59ca3e0964c9a390049c3bee9c7583b05220a6c54b2e93b2ccd2','223c5c227872716ac786f7a6940979afeb85ae0d9a3bb2cf86fbbf932568b2c8');
INSERT INTO "audit_event" VALUES(30,'2026-11-22T22:28:33.163233Z','operator','tenant-4','tenant_key.added','tenant_key:tenant-4/0dd9b0f18cfb8b8b2f1d430ad5419c42eef92ea8e2f2cfe048415e336d414574','4380e290b9a6553ec33746794f158b478d75aa607998e487dbd0f59d995fb4d5','72b03a0a073db2578d0ffe67a9f0fa125175f1a3ae8ab6b39387b82cb97bf0cd');
INSERT INTO "audit_event" VALUES(31,'2026-11-22T22:28:33.163233Z','operator','tenant-4','tenant_request.added','tenant_request:tenant-4','39e32bcd85f474ec56d97cb7aaee25079ea3fd67c061e5e8b455b68b69fc8d47','79ea1abf788d2ae32240b406d45b1f7f122e94d73b904a67686db6e8788ebe64');
INSERT INTO "audit_event" VALUES(32,'2026-11-22T22:28:33.183754Z','operator','tenant-4','tenant.approved','tenant:tenant-4','844c544b702ff9b8b05c3b32de01a8b04f23bc3a4718ebc16b252f3ea7cac0ac','84e59e2994dbd0405bf07eafc9e23fd95d0bff69dfb469b184ca047249fafea6');
INSERT INTO "audit_event" VALUES(33,'2026-11-22T22:28:33.191648Z','operator','tenant-4','tenant.active','tenant:tenant-4','2cb6f2ea1ff3b50089948cd7baa949fe937dba5a21cae0dfe8b3cf00da90937b','499c3c21c831a9426bcf6dc3247940fc0dad6a52b8a818477bf253987cc08a9a');
INSERT INTO "audit_event" VALUES(34,'2026-11-22T22:28:33.199834Z','tenant-4','tenant-4','consent.added','consent:tenant-4/research/2026-11-22T22:28:33.199567Z','b48a428d5968ac167590ddf307ef4ce55e00a40cc1b37abdbc8cc282955536eb','d1b2d8453a9eaab1e8d9dd99b857afa55a480ba92bb7143fb0d021cd5a140a93');
INSERT INTO "audit_event" VALUES(35,'2026-11-22T22:28:33.211972Z','operator','tenant-5','tenant.added','tenant:tenant-5','b48ca2e4bc20bce7bf9aee80cdde675da0c3ecf8cb2121acd9d6d2fb22c4d78f','5b34291472f455eb7fbc0b52f6d91128d6554547c35f7d0ef265598ced252547');
INSERT INTO "audit_event" VALUES(36,'2026-11-22T22:28:33.211972Z','operator','tenant-5','data_key.added','data_key:tenant-5/1','5deaee81d4871412c99dc48c852f150f1f03fbd7ef70b1d9b9dfe88cc6911623','f75829d03e1e92fe0170bde91c59537f1281f0f288705d113b33f13962c944d5');
INSERT INTO "audit_event" VALUES(37,'2026-11-22T22:28:33.211972Z','operator','tenant-5','tenant_key.added','tenant_key:tenant-5/b12d3cdfaef7cad2dae1b523343b5b7d56a82dfed7e61795ad17e1c82a7c09bd','04ae29d011668a9476cc0ad1420026090602342664bd0c7298a1a5be3b484d2e','f95eebf52ecfce682f35016795250c1d1c2b32f5f69cb55c38318e4ee2c7b326');
INSERT INTO "audit_event" VALUES(38,'2026-11-22T22:28:33.211972Z','operator','tenant-5','tenant_request.added','tenant_request:tenant-5','f3c5fa4f1647258c8e0c6a45c6eb9465b57f6442f02e4033b3c61909ec8a9f24','15f1ec00c09282884dc219f69d6da28e6d82a46dc57992dbfb0ad0ba0a1dffbe');
INSERT INTO "audit_event" VALUES(39,'2026-11-22T22:28:33.223940Z','operator','tenant-5','tenant.approved','tenant:tenant-5','956e0517f6809d353b421ea9991d61ee3fe528f0b6a6e68c676f920afec61f50','ab59265a2d2a85d111a9daf2a4f1dc87b891534bb28bb49b1eb53265248253ec');
INSERT INTO "audit_event" VALUES(40,'2026-11-22T22:28:33.231643Z','operator','tenant-5','tenant.active','tenant:tenant-5','49fe9902882bca1c8421c56b51c7b716368f6a76937ba2821d0fb48a04194713','e82597b7b8290ca41a4a61d71a02962c7a54d9838fb698bc113a8a81cd30f548');
INSERT INTO "audit_event" VALUES(41,'2026-11-22T22:28:33.237722Z','tenant-5','tenant-5','consent.added','consent:tenant-5/research/2026-11-22T22:28:33.237476Z','2eb75229755ce644034203911f9224ca119c8736291107672d96e7aabefd097b','1f1ad5e891533a372470564255e54eb3c1439ffe279015bd0d48adb3d685a627');
INSERT INTO "audit_event" VALUES(42,'2026-11-22T22:28:33.251998Z','operator','tenant-6','tenant.added','tenant:tenant-6','f5071fde7d2ceb72e2dcb048a33bdb0f3ef2bcbd64462f09902d769389f8ce5d','36db3b326bb056d9414fc53b6b14a7f750faef0a55e0e335b9328161ac491912');
INSERT INTO "audit_event" VALUES(43,'2026-11-22T22:28:33.251998Z','operator','tenant-6','data_key.added','data_key:tenant-6/1','25f6bfd7cf475a1db7a4c9ca394e19399e658b4434d457464048b9eabf5790db','096ce82adfc097c18bb0ddcb3e58272477399d8e91a07ef505cae66f166a46ed');
INSERT INTO "audit_event" VALUES(44,'2026-11-22T22:28:33.251998Z','operator','tenant-6','tenant_key.added','tenant_key:tenant-6/30d64f84f595e75d20910f7432742f2fa60808b701bb757acbacdb3728540019','4b015be53fea342fa5728f9775c9c81242006b3a748698fe0c02df644cac01d8','e9f274b2a2070af2e6a1dd453d57b33674a508bf44db7fd3c8a8c467e82c9e37');
INSERT INTO "audit_event" VALUES(45,'2026-11-22T22:28:33.251998Z','operator','tenant-6','tenant_request.added','tenant_request:tenant-6','8809e2a14bb68991b2f1f24a83a921381083b4184ad8b871db1df8547e2b9c49','8e4893cca67e4721ed6e786642ae46b1f9bc78599fe194fcf2760bd3325c3fa9');
INSERT INTO "audit_event" VALUES(46,'2026-11-22T22:28:33.267746Z','operator','tenant-6','tenant.approved','tenant:tenant-6','c1c19657a5afd1a7d46325a378eeb8168ea1511ab1d949c3b1fb721dd27330f4','15ecbb527cc020b0c36240dbb45bf4d233b12699a23197cce91a1c0c03600544');
INSERT INTO "audit_event" VALUES(47,'2026-11-22T22:28:33.275628Z','operator','tenant-6','tenant.active','tenant:tenant-6','f3d60b90d106584a74b810656571e5d343f7b600ff7d29db2b5d347bb5801c52','4bca0315e431d2d3e3bf16e18514b0c6185508d0bce7dc24370122f0dd09cf72');
INSERT INTO "audit_event" VALUES(48,'2026-11-22T22:28:33.283869Z','tenant-6','tenant-6','consent.added','consent:tenant-6/research/2026-11-22T22:28:33.283586Z','47c8efde188b0c8f23cdb111c71fe96cb4434e04dfbdaa9094726bb2a06e9ffb','e9b201828fb75258bca4a1f8169e195c51eaab3a1a6fa05915647652127662b3');
INSERT INTO "audit_event" VALUES(49,'2026-11-22T22:28:33.291922Z','operator',NULL,'run.added','run:run-1','e019466204aa863c5e9d5da394fac54060102010ca374a3e4be59e4d50951561','154a858741212146d3c5bd2b4e020e7694dc14778adf798a5b7f0ab43ddc7d3a');
INSERT INTO "audit_event" VALUES(50,'2026-11-22T22:28:35.334041Z','operator',NULL,'round.added','round:run-1/1','d4ada09c3e37b1f645d72e250dddbe7e2b8ae7fea805c7394ed50065e1f0e78b','34c3f6544132867b46505c785dbb6954f453b5e6f1adfbc3d08f9689acf8b437');
INSERT INTO "audit_event" VALUES(51,'2026-11-22T22:28:35.334041Z','operator','tenant-0','invitation.added','invitation:run-1/1/tenant-0','4fdff2851038c80129ab72dad770f02de1b823ba7c7341e85c4f22f305d066c5','741c8518e5d8bceb721e07e750ce5ac0aff96930ded5fed4fa3341b35e38fae5');
INSERT INTO "audit_event" VALUES(52,'2026-11-22T22:28:35.334041Z','operator','tenant-1','invitation.added','invitation:run-1/1/tenant-1','6233a0c37904c5072ab65780dfe0304776e44676933470a9cc66123caf7ff494','f04372b89e7104d2c8e71ea632b5bdaa6589b7c0f6f3a508ec36fa326ebf1d69');
INSERT INTO "audit_event" VALUES(53,'2026-11-22T22:28:35.334041Z','operator','tenant-2','invitation.added','invitation:run-1/1/tenant-2','da731f0639e5ce07a059e26a71fc43b7235abab213d13232e9499c5799130e00','a298b59966cb99e383258e33d717f6f9509bdefe0e12669dd9a0244fe03d830d');
INSERT INTO "audit_event" VALUES(54,'2026-11-22T22:28:35.334041Z','operator','tenant-3','invitation.added','invitation:run-1/1/tenant-3','aac020a4cef61f32b73f6a9233b6b28bd7f1c54d023d91ddf8e1b58a8eaa6229','56fdfdce072eae7e814e8d05ac7776e1f2ccedc88d260ffd7ef21f1d2f1c7130');
INSERT INTO "audit_event" VALUES(55,'2026-11-22T22:28:35.334041Z','operator','tenant-4','invitation.added','invitation:run-1/1/tenant-4','46cfbdd893524ccdf9bd06d07b3bfd27e21f51ae25282666c676039b40c77e88','c736737ce230e913411be672aababb3f5468c44efb2a8c8b377bb0269d96dd19');
INSERT INTO "audit_event" VALUES(56,'2026-11-22T22:28:35.334041Z','operator','tenant-5','invitation.added','invitation:run-1/1/tenant-5','154dc7a943fbc92954285e5e5c6440320f483124e9e17db58b7ba759ec67019f','8c700758beb0bb238f8ffcf3c04c4b7540668b52372c3d70f215de75fb106a32');
INSERT INTO "audit_event" VALUES(57,'2026-11-22T22:28:35.334041Z','operator','tenant-6','invitation.added','invitation:run-1/1/tenant-6','e5b7f0a718df9b20466e521fff1dbec6fd3da01c78ce68fcf922f81882b6c8ff','87d7f6b6fa213c3acc66f137e4a0227f56004c991aacafd38f91c50837daea44');
INSERT INTO "audit_event" VALUES(58,'2026-11-22T22:28:35.334041Z','operator','tenant-0','contribution.added','contribution:run-1/1/tenant-0','03efd4b32a9fb4af5c75b3692c418142baffcc9a1adb4c97dc2c87034dccb84f','4a28d079dec03d16a944dc19322bfefc438fb640a8b58a6ed03533baba3c8a46');
INSERT INTO "audit_event" VALUES(59,'2026-11-22T22:28:35.334041Z','operator','tenant-0','privacy_event.added','privacy_event:run-1/1/tenant-0','5b8f6d3cedabb44accfb2118d642e2e01e09059192de0446da54534f71f6d6d7','e5de0b45c17a7bdf9267b08e7413d91f855d751377a15611f805e08d4521a847');
INSERT INTO "audit_event" VALUES(60,'2026-11-22T22:28:35.334041Z','operator','tenant-1','contribution.added','contribution:run-1/1/tenant-1','a4caffaa0768d2c22d4025d7651b3942eec8d23f01aad59a3b94f1ece019aad1','3524e36c7578b4dbc39ee5311b43f1368adbf4325b0fc2edc5d415eac14c5533');
INSERT INTO "audit_event" VALUES(61,'2026-11-22T22:28:35.334041Z','operator','tenant-1','privacy_event.added','privacy_event:run-1/1/tenant-1','e7a4d2e9a8a537715dcd304f1e86efa14c30654b96e7a2f66d2f46bd129b2c96','d1908b28ecf47d691126f6179b117e469c0005c9c0010bd4a18bfcc938c132cb');
INSERT INTO "audit_event" VALUES(62,'2026-11-22T22:28:35.334041Z','operator','tenant-2','contribution.added','contribution:run-1/1/tenant-2','5370093fd95d80627b642516ea58fd0e56a67f5283b587eadcba9ec22ed8d62b','802d190f8a8f7cda6a59b4c6afae504297ba1095b61a8fbd6f9c05ed73130aca');
INSERT INTO "audit_event" VALUES(63,'2026-11-22T22:28:35.334041Z','operator','tenant-2','privacy_event.added','privacy_event:run-1/1/tenant-2','38f81fcaad8eb53cbed7f11e8d79df3bc0bf7f11a4658b7b7e45657c537b2d8e','5a9d0024b550aa9a315b45a453a028721fe12a6a70eb314ea25c466894c2efdf');
INSERT INTO "audit_event" VALUES(64,'2026-11-22T22:28:35.334041Z','operator','tenant-3','contribution.added','contribution:run-1/1/tenant-3','e2b86fdc38f38d77466174bd369af3519172a5f94ab213ab4255135ab210c61e','ca960471c7a0cfc1e1741fd43362923d5bb59805d8c5c71779b8cf2dee1b8a0d');
INSERT INTO "audit_event" VALUES(65,'2026-11-22T22:28:35.334041Z','operator','tenant-3','privacy_event.added','privacy_event:run-1/1/tenant-3','a85f494de82b4c5d290713df7f3bb0557ccefb10976ee8941ad4fd000d4d87a7','c63c1eb9ae320434a3d416599b17769f100a875fbf8903ed30b21b7d4e0655f7');
INSERT INTO "audit_event" VALUES(66,'2026-11-22T22:28:35.334041Z','operator','tenant-4','contribution.added','contribution:run-1/1/tenant-4','2dcbb90affbf3524d4719c5b6f473cd560bbfe5707d2504f3f3f0bd6f8a1b310','d8653e7be7a39abc1bc9c760e6fce527dc90d17c1f89c886225bf9e3121a7806');
INSERT INTO "audit_event" VALUES(67,'2026-11-22T22:28:35.334041Z','operator','tenant-4','privacy_event.added','privacy_event:run-1/1/tenant-4','0f11380e934c7d4e96b7697dd2572037dd29a721bcb1b24295f2476e5036d41a','fcbc7f62845f47eac41a9017f4ec02a3e914e012f4aa2feed7c45ded6c188bff');
INSERT INTO "audit_event" VALUES(68,'2026-11-22T22:28:35.334041Z','operator','tenant-5','refusal.added','refusal:run-1/1/tenant-5','f0fed9c4f88018381993430091fc125f7a8c1c3378e4b19b9d112a51cfce13b9','5363f1d543bf7ede98c50afef4e46535b488848ac860edf53f0b350042acc8eb');
INSERT INTO "audit_event" VALUES(69,'2026-11-22T22:28:35.334041Z','operator','tenant-6','rejection.added','rejection:run-1/1/0','e6326913ca7cf37fdccd83e97e41fd3d7d21d994879ae3a7f7c0b37dae5467f1','ed2c5ded1cd967d7a7ae80e43dde1402f330319373eb3e0b87853e45e5ba3501');
INSERT INTO "audit_event" VALUES(70,'2026-11-22T22:28:35.383903Z','operator',NULL,'evaluation.added','evaluation:run-1/1/accuracy','bf8191f42e92a0fd4d736e86a09daaaeb80b182cdfdfd691d37a0b64b0116051','e9b4eabc98d17d07b844cd866dc5c0d505bba0d73e230bf7570a7386ac702ead');
INSERT INTO "audit_event" VALUES(71,'2026-11-22T22:28:35.399703Z','operator',NULL,'round.added','round:run-1/2','269ddf9da8f47e5db1e4c16db92c5ba087bdca18ef454697264b9e9c68511c2b','8bc7a7e73323a5b37afb4f1b0cdbe13dc8bdad6c43b92fed73dc32ed1f0ba678');
INSERT INTO "audit_event" VALUES(72,'2026-11-22T22:28:35.399703Z','operator','tenant-0','invitation.added','invitation:run-1/2/tenant-0','1a1f4bc3da737dc3440d07df53085cde5170b43afed011e7029b0535d9f75638','011038d2243a626c162920b53400179d95a7df77bfbc171dafb1cce3fca8fe7d');
INSERT INTO "audit_event" VALUES(73,'2026-11-22T22:28:35.399703Z','operator','tenant-1','invitation.added','invitation:run-1/2/tenant-1','c9ffb620217a66f469e9551fcf2779a71b6b097f4280b99a70434d18a0a11a32','5f22829e5950bd67f9181ec6feccca2ca7fa10defd768b163b17087cb429c49f');
INSERT INTO "audit_event" VALUES(74,'2026-11-22T22:28:35.399703Z','operator','tenant-2','invitation.added','invitation:run-1/2/tenant-2','4965749870ecb4c568f73e5cb61508f6fc85738d6006b04a6852f69230fcdd1c','cf6df395a3ce707e5ed9e5a344293badaa299ac3ae07be4a7ec4f8d0efbcee1a');
INSERT INTO "audit_event" VALUES(75,'2026-11-22T22:28:35.399703Z','operator','tenant-3','invitation.added','invitation:run-1/2/tenant-3','6dd4c9000d13f8195950545044839e129bca442a69dc965f7b4aa157567ccef1','7c4efc937fc4d2ce184db04a9696d27d8536057c38c5189a5865db2cb71737a0');
INSERT INTO "audit_event" VALUES(76,'2026-11-22T22:28:35.399703Z','operator','tenant-4','invitation.added','invitation:run-1/2/tenant-4','b0c1bae032abc88989193aaacb85a29bd65958ca6ae6a9d8b2e684ff0a1f7495','61d90dac5ca68947404c9b5fc7f7ac4d7aeda9e5132188367b6fa1e6625cb622');
INSERT INTO "audit_event" VALUES(77,'2026-11-22T22:28:35.399703Z','operator','tenant-5','invitation.added','invitation:run-1/2/tenant-5','b055dd80b8df14e9be8fec117a501a5d416bdf1e0fb891a1df3d3585a93c3da1','a92799a4e8e895853ac98f3470bdf71ce76d70711374c261b815e458760c7d8c');
INSERT INTO "audit_event" VALUES(78,'2026-11-22T22:28:35.399703Z','operator','tenant-6','invitation.added','invitation:run-1/2/tenant-6','b5fef67d8c25b8c7e4818bdfe8493530c0d99c2450e6606de3e1803a4bfc476d','368b0c485c28ad225fa61bda53825c04277200c1089a0db6f7ef3118262832fb');
INSERT INTO "audit_event" VALUES(79,'2026-11-22T22:28:35.399703Z','operator','tenant-0','contribution.added','contribution:run-1/2/tenant-0','d5e2d645f7eeaa9791d6bd7392beeff6ec7b1c9d899068257f44aef1a003f08f','adb378b8b84654c7860dab5bdbb1eedf9ab045b047c98c7463572a7817844aac');
INSERT INTO "audit_event" VALUES(80,'2026-11-22T22:28:35.399703Z','operator','tenant-0','privacy_event.added','privacy_event:run-1/2/tenant-0','b741144a6f915ff145134212dee931ca8cb15b52b6112b4519c0d7ff7fd4b941','24223d828fb6410614a2a3a8a781e3a7a1a4f1b92f4b64ec4bee7943cffb6d73');
INSERT INTO "audit_event" VALUES(81,'2026-11-22T22:28:35.399703Z','operator','tenant-1','contribution.added','contribution:run-1/2/tenant-1','0e987d755e6ffbbe8227af5955a5d1c761e6b36ddd136340805e4875a28c5e75','548c8e98f648374aea61812204ad7c72824772128fba3c04d016767d7e98a343');
INSERT INTO "audit_event" VALUES(82,'2026-11-22T22:28:35.399703Z','operator','tenant-1','privacy_event.added','privacy_event:run-1/2/tenant-1','5554c6a4c3a0d4f77c5c7caec30bae8e965b816b02b2544b49b9d38093542c9d','97f90cef38cda0adf1e2d745e6dcd4b097515011f37c01e9855e4842785dbd07');
INSERT INTO "audit_event" VALUES(83,'2026-11-22T22:28:35.399703Z','operator','tenant-2','contribution.added','contribution:run-1/2/tenant-2','b301978e080522ef73a8669ece7293e0dcfb45f86dcfa5272de8e6bb3ca1e5ee','aba2b1e11dd76c6ff4414d4805f64445067639169f4683b4efdcbc3975e76fe2');
INSERT INTO "audit_event" VALUES(84,'2026-11-22T22:28:35.399703Z','operator','tenant-2','privacy_event.added','privacy_event:run-1/2/tenant-2','bdc7edb208243a35461646dd52bebdce8be88d0abc4f07eeb4a5fe8151871fed','40a1bcefca57fce480497e89a9c556a65ab9935e20929fa98dd901e5349117d7');
INSERT INTO "audit_event" VALUES(85,'2026-11-22T22:28:35.399703Z','operator','tenant-3','contribution.added','contribution:run-1/2/tenant-3','aeb5aac1cf50319c259aeba77b308635d3ec1faa321c48e9cdddd70bb266174f','7ba6231c021194a5bf086a52ba9ffd2c99c1d06401fb18bea7e55332f2715fa5');
INSERT INTO "audit_event" VALUES(86,'2026-11-22T22:28:35.399703Z','operator','tenant-3','privacy_event.added','privacy_event:run-1/2/tenant-3','93000653358dd3aa8ba227f50451d0633bfaa8a01f5ae05d9ba08ffa5f21c8ff','035ba390be62beda486068bd682f95c3188271d3321c858d1f321d7827bcde64');
INSERT INTO "audit_event" VALUES(87,'2026-11-22T22:28:35.399703Z','operator','tenant-4','contribution.added','contribution:run-1/2/tenant-4','0f8b8cbb6115791b28a60436524acf7ecf950122981b9a0f0c93a676a9918b00','8bb34fdcb2e98f61b8334652c269f283a98039d3541412450e19deacc98c041c');
INSERT INTO "audit_event" VALUES(88,'2026-11-22T22:28:35.399703Z','operator','tenant-4','privacy_event.added','privacy_event:run-1/2/tenant-4','a8788c3bbb279f11b0d43d920c0b9c24b3807b9dcbd527dd4c6db265588dca14','0e55251d254f7255e96353ae5bd22c0a6cfff6c4c26bc82134b46281d86ebdde');
INSERT INTO "audit_event" VALUES(89,'2026-11-22T22:28:35.399703Z','operator','tenant-5','refusal.added','refusal:run-1/2/tenant-5','3e4de6960e3c73079288bb950c8b110bd37a09643cee1baf1f9b306c989026bf','60520956b3e5624f8083ee4c4dc055be38747e91e996f703bf40013a2f32e895');
INSERT INTO "audit_event" VALUES(90,'2026-11-22T22:28:35.399703Z','operator','tenant-6','rejection.added','rejection:run-1/2/0','c342bf7f48cffe78a3a8161f173c2c368f14d31b089baed0f56e02a63f8f3fbe','ac7ca136b6de13e78e0c625566656edea7cba7990694240dc384a43f9e001d30');
INSERT INTO "audit_event" VALUES(91,'2026-11-22T22:28:35.419905Z','operator',NULL,'evaluation.added','evaluation:run-1/2/accuracy','4c6154853038029fcfa87f8196699a9c2bddad07f384388f74babd38c5858042','d7a4ae9b48ee85b6ecbef12c91dc3a49865d37d0ad3ac8d85c52a7d0f8151b6e');
INSERT INTO "audit_event" VALUES(92,'2026-11-22T22:28:35.432147Z','tenant-4','tenant-4','consent.withdrawn','consent:tenant-4/research/2026-11-22T22:28:33.199567Z','537bac357b24830b7f8099e455d3faa3baa9365e5f45a28fbdb0b588486ae94d','ece53eb923bd55494066fc307a7c0163ce02fbe87484a0caa70ce890cb89079a');
INSERT INTO "audit_event" VALUES(93,'2026-11-22T22:28:35.443697Z','operator','tenant-0','settings.added','settings:tenant:tenant-0/1','d7dfe5cfefc1212c6381f813b73a824215c3f0eaa79112bd0554242ac261a3cc','3f421e4ea96ae8a57b6fe95765b37d67aa36d8d89c5cca032fc1a50aad92f137');
INSERT INTO "audit_event" VALUES(94,'2026-11-22T22:28:35.465481Z','operator','tenant-0','cosignature.added','cosignature:94/802baa09039b5af011218ee2f8e73cb6789b0b1e66ccb45ea062520ade233f15','7e142df54b6573cc993fcd20f683a75261ea94e867ea9089377c2e09529f2042','f0e3f4eea011fbd8807d488fe3bcd034dc073a3c7f5796aeca3bbd0721743e65');
INSERT INTO "audit_event" VALUES(95,'2026-11-22T22:28:35.479988Z','operator',NULL,'run.completed','run:run-1','a5d16d87e60a5055fc5d36a151941d6118eef278f1a6850089e9aa64d1b70cc3','3472b3c7695f83ffa8ad49c36056ff29e3380d26f86c78658f2b90e989f0b272');
CREATE TABLE audit_party (
	position INTEGER NOT NULL, 
	tenant VARCHAR NOT NULL, 
	PRIMARY KEY (position, tenant)
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
INSERT INTO "consent" VALUES('tenant-0','research','2026-11-22T22:28:33.035545Z','2026-11-22T22:28:33.035883Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yMlQyMjoyODozMy4wMzU1NDVaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0wIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"802baa09039b5af0","sig":"Oc3DFDg2mLXgVsgy6mZgq4j/mxxPirw+cl5sqbTtmMlho54d7vpo29J+NuAFZBhc8q1hXTO9xtlbCyZTjTvkCg=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-1','research','2026-11-22T22:28:33.083600Z','2026-11-22T22:28:33.083890Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yMlQyMjoyODozMy4wODM2MDBaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0xIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"fbdf76f9c3396060","sig":"jHax0R9vg0Qnd60/uLhuCjqxhFqJCUoHr1KpbqoUf/yICz+pXPuCalXTxtSeG9TGLlQRR8fuCP0WDPZuJvYGAg=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-2','research','2026-11-22T22:28:33.119607Z','2026-11-22T22:28:33.119907Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yMlQyMjoyODozMy4xMTk2MDdaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0yIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"7303051bba216d15","sig":"3HnfHpHrMmnpdiNOEb/Lzu6vF5F9+DjYCkyEXVBKahMHXymuBw2Qn4k2iBmtmMyrh6RGbcnA9da8irv93g7rAA=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-3','research','2026-11-22T22:28:33.151584Z','2026-11-22T22:28:33.151868Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yMlQyMjoyODozMy4xNTE1ODRaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0zIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"4e8769dfebd28439","sig":"rE/qEeRUQXiuJjNH809iBgUH4MAJjQ82y/Cn132Rdx+qxvyUs30Ub620yQU6c7vQvr2hGJEhHUl8AQ1+rNLgAw=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-4','research','2026-11-22T22:28:33.199567Z','2026-11-22T22:28:33.199834Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yMlQyMjoyODozMy4xOTk1NjdaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC00In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"0dd9b0f18cfb8b8b","sig":"tOB6LXqLdUO1M0uhPckIVr2sn9AK4aehkfre+DdJrxTzO703C1Y29EGoyqGW/wnDyIN25anXjeWkqvVXWyFBAw=="}]}','2026-11-22T22:28:35.432147Z','2026-11-22T22:28:35.431724Z','{"payload":"eyJhdCI6IjIwMjYtMTEtMjJUMjI6Mjg6MzUuNDMxNzI0WiIsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC00In0=","payloadType":"application/vnd.flowstate.withdrawal.v1+json","signatures":[{"keyid":"0dd9b0f18cfb8b8b","sig":"a4ucGW3LmY3iYpboLDXZuQ0OQGRQfE9bk9yPgnAMthsjRDbEEeufyQAMTfpKTPQRNQJ3omjKqk/oBOAH1izQBg=="}]}');
INSERT INTO "consent" VALUES('tenant-5','research','2026-11-22T22:28:33.237476Z','2026-11-22T22:28:33.237722Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yMlQyMjoyODozMy4yMzc0NzZaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC01In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"b12d3cdfaef7cad2","sig":"Sfb34rEDb0NybeTUidGLP4vdM35O0CoJTPr/lmV2qNUBK5fP/NicemccIeDM6yPXjD0FYoK4T3UJPyFb90QjCg=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-6','research','2026-11-22T22:28:33.283586Z','2026-11-22T22:28:33.283869Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yMlQyMjoyODozMy4yODM1ODZaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC02In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"30d64f84f595e75d","sig":"pVzhlKATDFOsQLyZdbTn0IdoOd05IEIz/spiMIkbGqHy6VmPsWuCN7qNdDSZFjiiiuwkW/fiSVLcyJc/firLCQ=="}]}',NULL,NULL,NULL);
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
INSERT INTO "contribution" VALUES('run-1',1,'tenant-0','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImRiODdlM2Q0NTU3OGJmMzI5MmIzM2RlNTRiMTYwY2UzIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMCIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"802baa09039b5af0","sig":"lGATqChxPs1Q7lCBvQrFDfepo9J39wfnbNMKj1E47s03dljDisxtiEpo3RBZONCxv6R9czlY/dp/s4TdXm08AA=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-1','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjM1M2JjZTM0ZjIyMzA4ZmU0YWMxYjYyNWViNmVjZWMzIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMSIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"fbdf76f9c3396060","sig":"N4qH86F5m/sKGwtpWAJD0fK+JvwSYm+uDYeNgRpBSZwDb1OOg6XdKJC/nTb1y7uScKMO8O/w+a3Qg6xcuYi6Cw=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-2','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjUxOWM1OTI1MmIzMDE1MDk2NDAyNTc2OGE1YzQzNzU2IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMiIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"7303051bba216d15","sig":"JXRadHH0J3Vn9u+/kB9GY9xwQto5kP7lxIKlfjTQ1OMZeYE6dNtMDkHGT3RGQHrzcyiOiRE/+Eg76b7H3gl3BA=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-3','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjVmNWQ3MzBiZTFlNjE0YmYwZTk0Yjk3YzFmNDUxZDFjIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMyIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"4e8769dfebd28439","sig":"EjtCu6+MLQpKiZjfhQvRH8Wg/aCgtp15eC6rCnXtHlXI8EHjYHGAuUzZfNjxcfrQl6453RSN45kEGm+wgcDDDw=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-4','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImZjOWMyZmIxOTBkNGFkMTNhMWQyYzQ4ZjhhMDczNjUwIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtNCIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"0dd9b0f18cfb8b8b","sig":"RyWXvZygns/FmuLEd0da5FwooQxV7I6HsnywzjQscFYb5U6PqJV+2nHT0RSsc6Bc/8DETqBJSSuDJZr3ikV+DA=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-0','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjA4ZDNhYjE2ZGFkMDkwNWM3NmQwZjJkM2E5MDkwYThlIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMCIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"802baa09039b5af0","sig":"R+7+tgs2/rU2jL6sU+pAIZtN0ldxevz7Gl3dlEW3P4SnSn2QOFLLQUPVPBYbyBMDAvjIZMs8qHtrzfEni4RFDQ=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-1','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjQzYjRjYmNkNmU3N2JkN2M3NmNkZTdhM2Y5ZWJmOWFhIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMSIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"fbdf76f9c3396060","sig":"Av4ILH2z6gUKYcOfTZe0eXMLYr7SDm0VhCFkdzil/KPGfAuZq6HmsDCzAStbMAOW+v8zpmUP3rc1h1z/vAkOBg=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-2','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjU3ZGQyMmRiYjY2M2E1NTdkN2FlZDBkYTBlNmZlNzVkIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMiIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"7303051bba216d15","sig":"0EPEPsDiri7oOGVgGlmmdjRiaTFIRmMpJaOkSFnGemC4ozSCZe8oQo2irm8m9u4Z5RWKBPK6EuPD+xn52hbFDQ=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-3','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImVkYWU0YTBkYmQ1N2UzODY5NDgyMjhmZjNiOTQwODNjIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMyIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"4e8769dfebd28439","sig":"KJyT1ZVWn8bsoN/933KVvcNoNUNkOsqFREkwsLfc5l/8EOpUZmVJQMJ5qQeQuBrH6J00emX7oUS1eddTFAB1Bw=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-4','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImM5ZWExZjlmODhiMDg4ZDY5Y2E3OTBlZTdmODVlMThkIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjEuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtNCIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"0dd9b0f18cfb8b8b","sig":"fnXV9eaPEoSnj3RjfwMhVB+HOlKghSCmEPDBBjQYVnkqaf73fTFpdUg2E0vGCWyh7nA3bZc2Bw5jj4vMvLblBA=="}]}');
CREATE TABLE cosignature (
	log_size INTEGER NOT NULL, 
	public_key VARCHAR NOT NULL, 
	tenant VARCHAR, 
	line VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	PRIMARY KEY (log_size, public_key), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "cosignature" VALUES(94,'802baa09039b5af011218ee2f8e73cb6789b0b1e66ccb45ea062520ade233f15','tenant-0','— flowstate-witness/802baa09039b5af0 jhSArQAAAABrSdIATI0DilHffeVc3ObvgJFUlIMXtPoQp2EuHz59sKa298C/peNiZSKSfh7l5CAHq+B+1/0zfFzs5HhE6gJ2Nj0nCQ==
','2026-11-22T22:28:35.465481Z');
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
INSERT INTO "data_key" VALUES('tenant-0',1,'bf6c940c33a7705a','wPIeuxYX+po9YORBemEpGsAeX8GEfVgJrWDnj2ft/xk6hu4sCS3BJ/nIBEn0nZib5NELh/t5PSPEDWfn','2026-11-22T22:28:32.961475Z',NULL);
INSERT INTO "data_key" VALUES('tenant-1',1,'bf6c940c33a7705a','c0OL/3dAjO4Vxjg/d7cTNszujkhgs3PvIf+9oyTmXyTPYAKihTSCu2iTruU/zpwovPx+5bNBDCKo8YYr','2026-11-22T22:28:33.056209Z',NULL);
INSERT INTO "data_key" VALUES('tenant-2',1,'bf6c940c33a7705a','s0m/sNNRsZuZUqfwq1qauzOZrz7gcLY/2DTN60m2mD36j/b7UvH1jbfQXRGDOZAZ8uF7koF8Lm6pMMvE','2026-11-22T22:28:33.096039Z',NULL);
INSERT INTO "data_key" VALUES('tenant-3',1,'bf6c940c33a7705a','oi0S/eCyF9NYuA8zIJHAgiOw/IJqoSuP1a3LttMRo0R4UxFR9kqMt3rWxHRPLfBnjKAK4fBDgcDQd0Pl','2026-11-22T22:28:33.127900Z',NULL);
INSERT INTO "data_key" VALUES('tenant-4',1,'bf6c940c33a7705a','K7yFWWvVEP69hRm/+bExaOrnQU7ywc5R6oRnweP9o6o4oJy1yNv8w3G1iTM735+MEx/CiaFY0LJMCPgb','2026-11-22T22:28:33.163233Z',NULL);
INSERT INTO "data_key" VALUES('tenant-5',1,'bf6c940c33a7705a','KnxSPHaUsQmiYjqh82cRbZs7BI4NukT+XQxGqL0nIDsWX+WkVKGTFxNT0BABvfgb6XN56LS2LV3wkRAQ','2026-11-22T22:28:33.211972Z',NULL);
INSERT INTO "data_key" VALUES('tenant-6',1,'bf6c940c33a7705a','XRsXZzpVfSVTClPJZv9hF3xmV8aZ0SbWkdSts58u7dWJlu7D9QzKGxFfzYBDXRx+KY3NMQTwYmtYRPZv','2026-11-22T22:28:33.251998Z',NULL);
CREATE TABLE evaluation (
	run VARCHAR NOT NULL, 
	round INTEGER NOT NULL, 
	metric VARCHAR NOT NULL, 
	value FLOAT NOT NULL, 
	PRIMARY KEY (run, round, metric)
);
INSERT INTO "evaluation" VALUES('run-1',1,'accuracy',0.5);
INSERT INTO "evaluation" VALUES('run-1',2,'accuracy',0.5);
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
INSERT INTO "log_head" VALUES(4,'flowstate-log/07b271c2b845e410
4
/MTBuJBtTmOhZQsDoN74rIQTSsCfgSr+jijjValw8T8=

— flowstate-log/07b271c2b845e410 wK1WbmNImLDmC5C9RKGzFWM/D8M4f4esxgENfI3hYgKvYbgjnV5KmWLwAtilm5KD56d4go0F6ieetQZGeqq+Xx+TZgw=
','4:fcc4c1b8906d4e63a1650b03a0def8ac84134ac09f812afe8e28e355a970f13f');
INSERT INTO "log_head" VALUES(5,'flowstate-log/07b271c2b845e410
5
s5WG1b4RiNQcChcgTYBHZmmbNvVWipU0H7f5/gRe93E=

— flowstate-log/07b271c2b845e410 wK1WbrWMz205M0o/ZWZjxFS8r50ORZDSqAhM3SfDHBEicbFj+LSPSs9p6uEcJ+vbkSztzyOXM3QvuO3YqxP+kIhdVQk=
','5:fcc4c1b8906d4e63a1650b03a0def8ac84134ac09f812afe8e28e355a970f13f,1387546ae8480bd5d8e09c392ef727c0b663b84e11ca5686ca8eff3dc0ed6dc1');
INSERT INTO "log_head" VALUES(6,'flowstate-log/07b271c2b845e410
6
4lnnxhYLEW5jFjsn8esFpYoGyaOnyWb3cIdb+AWIvsI=

— flowstate-log/07b271c2b845e410 wK1Wbs7MbJdSoqp1T6t+Ew5oVdh/q2QKlGAuwxKKJWYtxM8yOly5TZ8t+pVjUpBwLfhA8B8n708mh1ft+HTywe4pIg0=
','6:fcc4c1b8906d4e63a1650b03a0def8ac84134ac09f812afe8e28e355a970f13f,f59cc4fc27b0de63b5f7989d5dfc3f6861d510de1217a82b1fd2e8e0ece5aec9');
INSERT INTO "log_head" VALUES(7,'flowstate-log/07b271c2b845e410
7
xDIr5WSTqBJCO7Ix6zgXCRqmsEIQrxQoNO6jJWemuFA=

— flowstate-log/07b271c2b845e410 wK1Wbqa7TtahmAwjgcEnk4VzoCg9iD2Eb87Vro3pSkYgF5Eks7oMPLbT/hRsy1vU80+yMRLfNSqY46iN/PURYQ4tCA0=
','7:fcc4c1b8906d4e63a1650b03a0def8ac84134ac09f812afe8e28e355a970f13f,f59cc4fc27b0de63b5f7989d5dfc3f6861d510de1217a82b1fd2e8e0ece5aec9,dfeff5fb326f8443c7e55d84aa81ebbcad633fcc5e5dc867a1780038f906f47f');
INSERT INTO "log_head" VALUES(11,'flowstate-log/07b271c2b845e410
11
2e4LFjy9e+X9jzgRcfVjVCJ1cVhIC5e4EixRc3dEn4g=

— flowstate-log/07b271c2b845e410 wK1Wbu+2UQhHk82gJwkbZetLEPfNT5/62eRhHnyn7mQgbS/mKB4KbAJyQ5bFI8dOVt26k5t42Wnn2MNz2mcxVJjavwQ=
','11:72b4939195def2736d7249afbf01d9d4f5e9390db3bd19d22ae8c3ade33acacc,f2599b795d757bf33cfa53b33459d837f9cd067f7b719594773464febdceda07,5acee2c47b164c23da3e5f08498263301df52c9f9fc33b8d50ae75b5be62707d');
INSERT INTO "log_head" VALUES(12,'flowstate-log/07b271c2b845e410
12
Y+eAavgRSeFz+P3OklJCd9+vx9ippsqeIfq3zT4+NY4=

— flowstate-log/07b271c2b845e410 wK1Wbih+JWK9dx5Nwj7KaBBEpB4l7bss4P/SKdrIOhHhnHgSIbOsl15BKuQrJ5Qv1p1CDq7EBtfqEmtnSuZYUi9ScwA=
','12:72b4939195def2736d7249afbf01d9d4f5e9390db3bd19d22ae8c3ade33acacc,39cff08f4b744f8e720b88f44f2cd11b47abe3cd9a59eb72d69965aa5f48ea12');
INSERT INTO "log_head" VALUES(13,'flowstate-log/07b271c2b845e410
13
cvvp93hMTuVgNCmiE4nYfL5lCuM5CLTrwCcFVvLa27I=

— flowstate-log/07b271c2b845e410 wK1WbvxgLHttULxE7+ZfNqI8m8qdQX4gJUZpX9XIXjdbcoTvxa1rS/giU4nlDQzL1i86IcaSZm2z37X+ryHiTUsIVws=
','13:72b4939195def2736d7249afbf01d9d4f5e9390db3bd19d22ae8c3ade33acacc,39cff08f4b744f8e720b88f44f2cd11b47abe3cd9a59eb72d69965aa5f48ea12,0ef432e384f8214c20a6bb5f8725ad47c84efb42757cf3f6e24b0a8a75af6ee5');
INSERT INTO "log_head" VALUES(14,'flowstate-log/07b271c2b845e410
14
Iv5I7Wow3VMdpnFKJ3aUou0RrtII/TeR8+ujaHIN7Gc=

— flowstate-log/07b271c2b845e410 wK1WbjbpAAtjQKdjWNWyQTnuSPgVMhYmVt+9Tf3yNay3L1p+s69qbMcVz0i2RaIIKMZkNDwH18VhCN4NZVuBG3U7fwk=
','14:72b4939195def2736d7249afbf01d9d4f5e9390db3bd19d22ae8c3ade33acacc,39cff08f4b744f8e720b88f44f2cd11b47abe3cd9a59eb72d69965aa5f48ea12,69f8e480fe68eada56423d1724097b4c3aebeba550023d5fa3108706c1cae725');
INSERT INTO "log_head" VALUES(18,'flowstate-log/07b271c2b845e410
18
ShmBHOV8Qah1A9qbmF7SRyPHVCrq4LcmV5hrzU4xHQA=

— flowstate-log/07b271c2b845e410 wK1Wbn8+lT4KPPNL0o72t/SoFfUdCVU1VOqkSSUplCWNTyULJOqm9yrVmu9ss2lRlbjhV3YMIsnS7G+5y4Xvd9T9+A0=
','18:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,07d8726e9d65b3b38ae7e3e5873ef25eda3080ef9ad5469e7092dc00f9d64ef8');
INSERT INTO "log_head" VALUES(19,'flowstate-log/07b271c2b845e410
19
3QEuNTePvxPJDl1whEw7FYlnPfXFzIobSGSvc1W8BBE=

— flowstate-log/07b271c2b845e410 wK1WbhGgFUo4gBX1fj5OMF9xLEfD+NHdh7I/tdSToc8QU9FhdXKSJtE2m99ORqaloeZIYiklBMiW9+sOO2RrAIwMFwc=
','19:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,07d8726e9d65b3b38ae7e3e5873ef25eda3080ef9ad5469e7092dc00f9d64ef8,a221e7070e7803963f576f0dc454e9abf83c98343c6c8afa74ccb84ea3a753df');
INSERT INTO "log_head" VALUES(20,'flowstate-log/07b271c2b845e410
20
aRrO472uXusRX6pqIJ9wG83xtK8Btqi+5Bu5gYYLk6k=

— flowstate-log/07b271c2b845e410 wK1Wbird75m6uZeCtqZ7aMf6AM+PI0tkPvrwpZiS5iXDOvJ78rPBrJV6y85dyodIzMBLjSuSY9OOwrWsjV1YQXZO4AQ=
','20:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,20da65e0e17da126898f5d7897de2eabefea4800fbc723e6b98a0773a0a68d39');
INSERT INTO "log_head" VALUES(21,'flowstate-log/07b271c2b845e410
21
Fd+GX6x/IPNApIucg6AjCNZNx+xNL6lyaGXmC0omCKw=

— flowstate-log/07b271c2b845e410 wK1WbkPNesY5BSjvUNxNpBhpYYxBZfnM7VhLLq+MBx4eVyVBLvs9T6qSVYUgIsfwH5ynEFYaujKyeZV9qNWbZ+AXoQU=
','21:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,20da65e0e17da126898f5d7897de2eabefea4800fbc723e6b98a0773a0a68d39,cf195c41266856c3ab9b07fc37d835d89338363300ae9a6215179756627e0a97');
INSERT INTO "log_head" VALUES(25,'flowstate-log/07b271c2b845e410
25
RW59sBg6VoJ0BT0nsR0Slr9XAxXWAbUMZOhIu/taIXU=

— flowstate-log/07b271c2b845e410 wK1WblGrOWyBoQx0nCp78MTXF8qeohHMHcMXufceUhwE4+AiuS1tufNp/qCBHCkHXL6O6KrIbD/US/EjdVPIhY0KDww=
','25:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,e8a3dbec7c45e387c0f01ef10c35e9be4750104fa74c6f5202a0bf959f37a989,a3b33f1bd89bcadbf2e469fa77f78d3e8f69088815f3ca4c789ede658d9bc6e2');
INSERT INTO "log_head" VALUES(26,'flowstate-log/07b271c2b845e410
26
qVH3eegH9Jk0J92Jty/zrLbGIhIEteB+f4iK2zvGKbI=

— flowstate-log/07b271c2b845e410 wK1WbjXQLRuQvm2ve8SE/s3sTfdLIBG4i8rrVzFGoUglpRSJVRNhjwpQzkc3go7r7MjJrVOF3btQG+RsaBVKgD6aAwU=
','26:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,e8a3dbec7c45e387c0f01ef10c35e9be4750104fa74c6f5202a0bf959f37a989,893e9e07ab7385fd1cbb8dfc2724f2b19a8b9a32ed81c7dfb4f249d88446c8c9');
INSERT INTO "log_head" VALUES(27,'flowstate-log/07b271c2b845e410
27
9jW3fCh0GjH3761asjrdC65sBZwDwERwxVf+hq2T0yM=

— flowstate-log/07b271c2b845e410 wK1WbkCaLJW4Ap5/CZNI9FMD4Ltem0lSE124wbpgWtq4BHPFD7GWG/uGCvbiKrWaK5IX5B5hGpo/QOogpWi9nEZCmAA=
','27:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,e8a3dbec7c45e387c0f01ef10c35e9be4750104fa74c6f5202a0bf959f37a989,893e9e07ab7385fd1cbb8dfc2724f2b19a8b9a32ed81c7dfb4f249d88446c8c9,14a8205b3ba2790c053b12a0803eb7fe9496c66bc9aae95bb18dad49335cea93');
INSERT INTO "log_head" VALUES(28,'flowstate-log/07b271c2b845e410
28
XgIsGAsWSjabazW9u4Aak+IMBB6Aswaf4YpR5bPAV88=

— flowstate-log/07b271c2b845e410 wK1WblWCZ8yIi9c9umSzxWWsUWleLye7C+vOHvFPEhqLk+Fk4DVYGcBRXJgtuWZY8+zByzpw882RiLSAJFvyahkWTwk=
','28:87b0a92ff040ed11567563e446d5e3e11c15125cd802dbe4661f8242ea429b42,e8a3dbec7c45e387c0f01ef10c35e9be4750104fa74c6f5202a0bf959f37a989,5a5a4c0631891c282d67c0eb730526e2dbbd6ec5def7d57b42e73d97b10c5b21');
INSERT INTO "log_head" VALUES(32,'flowstate-log/07b271c2b845e410
32
GpNS8MQV7i0bEOkpflCQJKWSkHTlX+ij02s5FsXRV9Y=

— flowstate-log/07b271c2b845e410 wK1Wbsd78OtUr6q7c1sMB+k9UftOZjUbeRX/lasjMCgjYj0TDQVayyZ18zm4U/wl98m+D26q7jXRJ1S3oKnzAbQk8gQ=
','32:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6');
INSERT INTO "log_head" VALUES(33,'flowstate-log/07b271c2b845e410
33
eacruhdEsZF9kbUkEhh1FPENGcDFZWIhRTFcTe38mBk=

— flowstate-log/07b271c2b845e410 wK1WbmzHy4eDYNLaJfk5AJwUQGq8koNye5HNtKG6yXbNMN14JQmKc2OT9mr1z0ca1m0JFuGHACLpLmrdQmI2rZ61aQU=
','33:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,84e59e2994dbd0405bf07eafc9e23fd95d0bff69dfb469b184ca047249fafea6');
INSERT INTO "log_head" VALUES(34,'flowstate-log/07b271c2b845e410
34
GJkeLd29dd9/hNEUfbqtFx+LQQt2EwqjAQV662MPcoU=

— flowstate-log/07b271c2b845e410 wK1Wbnk0bi0hPMj31MGe84x8K8KXzDeku0oOKYW+h4X+6okFKmdaWx45CIRx0TX1kZOBHIdJjMBI5qe38jisSeM6ygA=
','34:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,be1bedcd5824ceb83f0a4f676e082a5e22924209d9062a87ff958fc0f5ca0d2f');
INSERT INTO "log_head" VALUES(35,'flowstate-log/07b271c2b845e410
35
11YQnkpDlEgPHTAlzjEMKjs6F0/GkVAG6gLz2GQQaEQ=

— flowstate-log/07b271c2b845e410 wK1Wbsido1kYJYJ9AULaqxcyWYRRG0SKsgdOBk6pkrMZwnl5fkmsL3je8KQ7zUe9tzNo5YBR/dOsCWudqjRL8SaM4w4=
','35:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,be1bedcd5824ceb83f0a4f676e082a5e22924209d9062a87ff958fc0f5ca0d2f,d1b2d8453a9eaab1e8d9dd99b857afa55a480ba92bb7143fb0d021cd5a140a93');
INSERT INTO "log_head" VALUES(39,'flowstate-log/07b271c2b845e410
39
x6co8xflFf0Nc3TrKfxJQPBegIsLlFz0kxK9QLzCCU0=

— flowstate-log/07b271c2b845e410 wK1Wbj4WeRgz8Rv+EhWEFV/sfIQbs7roseGjqQGZLEaeLCXhdYmhZQi3jIbR7IagodVGkWeb06UsEi946u2OlcTAwAM=
','39:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,2520ee1b2e649bc6da99f0263f78259daa3b6d79375fb64ad8f1d5e76853801b,bf321380d233495c2c92d7c1aaccb161ed3c458879d4f3b2f41eebb03a40e8c1,15f1ec00c09282884dc219f69d6da28e6d82a46dc57992dbfb0ad0ba0a1dffbe');
INSERT INTO "log_head" VALUES(40,'flowstate-log/07b271c2b845e410
40
flFp0Jf9uefXAYMvIs7cAiHzR86rPCGBqtu952lVlUQ=

— flowstate-log/07b271c2b845e410 wK1WbtnB8NJOUl/qQQqu2o+6+g7cH5zdfXXPZiN7Dk0ch/Z4ErvbO6ie5xrP/FE4g0xn+scCp70hcp4osi/tQDNEkgw=
','40:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,ecbb2df96d294230d3ffa30627d740e56c117325d4db9874ca3b02018d6200b6');
INSERT INTO "log_head" VALUES(41,'flowstate-log/07b271c2b845e410
41
9O3f6rbvkNSsLp2Wm/eyeNOqYaMawZJ7M66MKwXOWXk=

— flowstate-log/07b271c2b845e410 wK1WbgiRWU07wx092JR+LIDaRPg6dNV7UEihSUAVqhYZfsyHxUyU/istwFuIHIjdJofHMFpgabmyUXZZyUvCseveWQE=
','41:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,ecbb2df96d294230d3ffa30627d740e56c117325d4db9874ca3b02018d6200b6,e82597b7b8290ca41a4a61d71a02962c7a54d9838fb698bc113a8a81cd30f548');
INSERT INTO "log_head" VALUES(42,'flowstate-log/07b271c2b845e410
42
Q8u4k+/4+Nsbgs56USa5mxiMvEp/z1KfT6vCuZOU7IY=

— flowstate-log/07b271c2b845e410 wK1Wbno/IpzkjTZ6pRHxzi+/Bm/aYei4qrn3KRdf2jKTogKxTugUbot9T1jHY7XyWOtfgBCOfh9+eJhMvs5quVgTGQ0=
','42:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,ecbb2df96d294230d3ffa30627d740e56c117325d4db9874ca3b02018d6200b6,bd2c79ae26c8272dfb04022b3605f02934439544632b3d246b842ab9860e44ae');
INSERT INTO "log_head" VALUES(46,'flowstate-log/07b271c2b845e410
46
y4Ffn0stjTEn3+Ga8JVOaGlUjx+511FCY2EvJG3R9R0=

— flowstate-log/07b271c2b845e410 wK1WbnAKnMzNCBGQADcrOPM9gdKPr5Nc9zBFkrqSzC4MlrzJwxTkBUiGT1orgFFVUiEO9HjtHm6zpQz/yfCF/Ik0xwA=
','46:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,ecbb2df96d294230d3ffa30627d740e56c117325d4db9874ca3b02018d6200b6,12cc4b7334328e71b9cca08ff216ab0cd2a13c43d813a042dcb02b0b6c981f5b,cf95da9f0752d8d7d5a3c86cb510c7428b602901773a34281f99531a31c3bb12');
INSERT INTO "log_head" VALUES(47,'flowstate-log/07b271c2b845e410
47
j9VZD93raT0w6W8b5vFT8XAstPk3bZ7nxljxZu0MuZA=

— flowstate-log/07b271c2b845e410 wK1Wbk0HCnB5GBF5nPornUZdOnbnCWQEaA3VTxkf8mRbOLHEfoqf5annOJe0KO+Jv9/MBzJzs7oSJwY/X9m7yBXl+QI=
','47:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,ecbb2df96d294230d3ffa30627d740e56c117325d4db9874ca3b02018d6200b6,12cc4b7334328e71b9cca08ff216ab0cd2a13c43d813a042dcb02b0b6c981f5b,cf95da9f0752d8d7d5a3c86cb510c7428b602901773a34281f99531a31c3bb12,15ecbb527cc020b0c36240dbb45bf4d233b12699a23197cce91a1c0c03600544');
INSERT INTO "log_head" VALUES(48,'flowstate-log/07b271c2b845e410
48
biyAImmIF4cNbSBlydA9NS9bsZONZ4OejrjuLwTWO3w=

— flowstate-log/07b271c2b845e410 wK1WbtPLjgppRXZ9NlzZuH6GTbGblNCCuE4AoXVjnwg0JQ8sJIO0ro0TjvFcaFCMVm9j7i+b3kGRvnYpzMNr95N20gA=
','48:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,b5dc454cce72241eb6e868afb475ca94d0db2dcd021fa8b476d1713036d2a415');
INSERT INTO "log_head" VALUES(49,'flowstate-log/07b271c2b845e410
49
YdZ9WfPDiRFkGNYX1OkDmR+HSNNu5smwJTJOtlJ2Y3g=

— flowstate-log/07b271c2b845e410 wK1Wbsj/R+gKfLHH7TMvMgC0XhFIIpuNf7CY6AbP+0i6igXP93mjgOVuhtBvsW+vPjQ1eA65vqN4S1JcpVzIGVQwRAE=
','49:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,b5dc454cce72241eb6e868afb475ca94d0db2dcd021fa8b476d1713036d2a415,e9b201828fb75258bca4a1f8169e195c51eaab3a1a6fa05915647652127662b3');
INSERT INTO "log_head" VALUES(50,'flowstate-log/07b271c2b845e410
50
4kMv9hMxdmiorIJJ9Uu3ESzRmdU7T/bSqc6WGDXKd5w=

— flowstate-log/07b271c2b845e410 wK1WbnClIB3oNfICD1BUvneRFCXhkVyrTPJsXcFzwcgqSQsfS73w33MNn0Ct9jxBhR33I1KXUitUsCX/aXUaknX6yA8=
','50:1a9352f0c415ee2d1b10e9297e509024a5929074e55fe8a3d36b3916c5d157d6,b5dc454cce72241eb6e868afb475ca94d0db2dcd021fa8b476d1713036d2a415,81689f477d6d5aee486b52de5c09cb5040f63061c2206c52f3b7348b4bb9a42f');
INSERT INTO "log_head" VALUES(70,'flowstate-log/07b271c2b845e410
70
MMU78qdgNQc2Jjm+MFyHD5/ZdnEUw20A1RJaNz8gnSY=

— flowstate-log/07b271c2b845e410 wK1WbvLvMg3daYdn74KYaQZLdnO7QO47zhEH1PFUl3vGQPDZi3X/WNx9FKum7avjZCQmg7ltwI/GVZWMPBsQ4ob6qgg=
','70:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,f752253f9101fe72cb871cdea2f03ccfd01d2816ec5f50a00130ebde87ce6cc4,e795ce260259244adbb8ceedab5349847c16f74803ca8bcc5ff198626f6abd68');
INSERT INTO "log_head" VALUES(71,'flowstate-log/07b271c2b845e410
71
RF8z+JgRkobnJIggK2YMAmJPQLA/YhpUD1Ygn20cMCs=

— flowstate-log/07b271c2b845e410 wK1WblhdZoKRsydXPgtkRInbwsM14d91x0m2zSVRwqx81/AkfsGvew5lP2qKtKRN2n3Jjrd54IagSbiWvEQYFidLBgM=
','71:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,f752253f9101fe72cb871cdea2f03ccfd01d2816ec5f50a00130ebde87ce6cc4,e795ce260259244adbb8ceedab5349847c16f74803ca8bcc5ff198626f6abd68,e9b4eabc98d17d07b844cd866dc5c0d505bba0d73e230bf7570a7386ac702ead');
INSERT INTO "log_head" VALUES(91,'flowstate-log/07b271c2b845e410
91
+rtBw9b/TbGAIO7A20bK+uhTRe4vYve+0GXI7JcIswU=

— flowstate-log/07b271c2b845e410 wK1Wbs6WWiMpd7111FRTMozVF+X89DQ+X9Tu3ki8fxxny6CTeQskY1jOOx76chehuPz86KWHB5qKZGYhx8s1wPSHVAo=
','91:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,05ac38da82d137e1b43af5ea2c561fe64d027b86ab6cac5219c96c4f4c1566cf,09470433df4f53136ac3693ef57a86cada212875f51619cabd4e2d4cb5952b57,f25fc53f43b7d1fc06ffa8b613d0eb678d59b6977bcc0d950c0ef8c8356a72f5,ac7ca136b6de13e78e0c625566656edea7cba7990694240dc384a43f9e001d30');
INSERT INTO "log_head" VALUES(92,'flowstate-log/07b271c2b845e410
92
Kf+LQ709F9H+au47MPurVPskeo9wD/SKpKTVdrh1LDo=

— flowstate-log/07b271c2b845e410 wK1WbmrBAwZ28kHjEO3TYm1mlJEnCSI56ZLTOLbzVa8EwWoBQda65oSY+3MALtMUPr/ubCEq6l2NZu0wdM0APSBDuQI=
','92:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,05ac38da82d137e1b43af5ea2c561fe64d027b86ab6cac5219c96c4f4c1566cf,09470433df4f53136ac3693ef57a86cada212875f51619cabd4e2d4cb5952b57,2f9074bc538f559d2840f69245db67178f078c2f2106b5224bad69d1f9509172');
INSERT INTO "log_head" VALUES(93,'flowstate-log/07b271c2b845e410
93
sBOMmz+CUO4xoGjC1vHdF/xwEkwE2lsCfisgz7OqA/o=

— flowstate-log/07b271c2b845e410 wK1WbotMQQ83Po9MCXpy6/shmvqYthK14rABJ0MoPTuQwESHZ8PwKuUZa/Y+IbQA0KWbvtJ9kTZQ3/EP8krS4bW3qgM=
','93:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,05ac38da82d137e1b43af5ea2c561fe64d027b86ab6cac5219c96c4f4c1566cf,09470433df4f53136ac3693ef57a86cada212875f51619cabd4e2d4cb5952b57,2f9074bc538f559d2840f69245db67178f078c2f2106b5224bad69d1f9509172,ece53eb923bd55494066fc307a7c0163ce02fbe87484a0caa70ce890cb89079a');
INSERT INTO "log_head" VALUES(94,'flowstate-log/07b271c2b845e410
94
WP/DHmBx8V/0ePS45kiUry96Jcb/OLGGfR7/+AuA6a8=

— flowstate-log/07b271c2b845e410 wK1Wbr64Bs+ofIIpDv1zRca4fcVKwPh6pXiatGzJkl8kg9Qq5RSLl1v//hlFS8HZG1tu31/pKanxqJBYKZzep7xaWwE=
','94:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,05ac38da82d137e1b43af5ea2c561fe64d027b86ab6cac5219c96c4f4c1566cf,09470433df4f53136ac3693ef57a86cada212875f51619cabd4e2d4cb5952b57,2f9074bc538f559d2840f69245db67178f078c2f2106b5224bad69d1f9509172,3e4789c041d6da72d30907d99c0b790442f3a379590e01ca03c56f8263e75d96');
INSERT INTO "log_head" VALUES(95,'flowstate-log/07b271c2b845e410
95
Mf2aPDNybzS+WG9+g9RSiYuyqr8r8LPqRg6BHQOZEhY=

— flowstate-log/07b271c2b845e410 wK1WbrcTDacwRUvpzCx9pPg+s7FXXGClAuiLSoOURPq0DFJaxbHs02nZ+Ha4/ulVyqdoVC16iihv0qvlId3t4nbrSQo=
','95:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,05ac38da82d137e1b43af5ea2c561fe64d027b86ab6cac5219c96c4f4c1566cf,09470433df4f53136ac3693ef57a86cada212875f51619cabd4e2d4cb5952b57,2f9074bc538f559d2840f69245db67178f078c2f2106b5224bad69d1f9509172,3e4789c041d6da72d30907d99c0b790442f3a379590e01ca03c56f8263e75d96,f0e3f4eea011fbd8807d488fe3bcd034dc073a3c7f5796aeca3bbd0721743e65');
INSERT INTO "log_head" VALUES(96,'flowstate-log/07b271c2b845e410
96
ILQYTs6ejNyqqiXoWbu4ZpbJXFvk+dlxP4ggK8CwSrk=

— flowstate-log/07b271c2b845e410 wK1WbjTVE5kqtSLxS9DhXNZ2PFruOGusWZoDDWcCLASzypIBD/geQfAgNEj3TAvA6FK9U/1PVDj4WLpxJcGrOElsxAE=
','96:a5b5689f00f6ef65ecf812c604950cd332c491d52333a17d3c93f39ce4043827,d9caa63738157b143df0c7457cf1b3127b27b6611f26d7c54391e208712395f6');
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
	sample_rate FLOAT NOT NULL, 
	steps INTEGER NOT NULL, 
	epsilon FLOAT NOT NULL, 
	delta FLOAT NOT NULL, 
	randomness VARCHAR NOT NULL, 
	PRIMARY KEY (run, round, tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-0','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-1','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-2','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-3','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-4','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-0','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-1','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-2','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-3','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-4','example','add-or-remove-one',1.0,1.0,0.01,1,0.5,1.0e-05,'os');
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
INSERT INTO "refusal" VALUES('run-1',1,'tenant-5','budget-exhausted','v1.1.i7xddfYA+6/6ZsWx3ymrU0XIjN0EBWe5LwTRSgUZ','v1.1.iHsBZQZgUhyzTDRirq9n1+sYQgn8JTar7TgN1AIPy/jscyEB3wFrNeXFhFXvt0TQ0Amtprolc9rAU5p/4/0r8iJ1s0UiHi/P6kFxNYVEHMNm+H63gjsvMzlCoOjJdKpSFyN70Zd9OJmtXE8m+sYUJ+7vQmguKgyfiKRO9Tujf4dJ15ish4JPDooHx2ZpBDbHFo4V0G8QqKOe5uH5MSZtSn0g8HiEViwnPfLKHE8/WAI08duApPgLuYnKxXxXPvLkhchfq1km4dglUVTn3xfhJw2GTZ1n5e4UbLplS7d5RnW8oI0eddxewGf3R0Ze87KKdQf+1kKYmvW/NgPGqzAUp7YWW6K5R7L31pg+bwk9GrQNBkRBd01RV975yp+HiBYUdx5SuoOB9Pb2gjz36f7g/Nrf0lQKUPNsD/3yiagY0w9sPhyrG5T3s5YAatnKn7tSrek14Pr+uoi+AdvH68cJwSezC95mWX4Dh4uzWK3N2wkK4EiSTPpZ94BJeyy0yIguM2RzGHatZrP9kRXwXpS5vrJhdUiCN27iv+67rbnrGqSL0em63F/SbR7J9qw3Oyo91JjRo9jMwWrvmCEKLoAKmXRPet5G');
INSERT INTO "refusal" VALUES('run-1',2,'tenant-5','budget-exhausted','v1.1.veHYxXgsRHAHXWnFYuzP21gIM5RanhPbyUQIgR4f','v1.1.z4JaIu2CDujBQ8aWFjVHXJ6UC0NvVSBo/licHd/R2/MHaCUeT1k+y4v7PZvZgHPMW04qG1oBSKIixTjl6DjfHkCMAbjhhQHuf+7bUqhvafXYQ3QcFvU7YrxXQ1Z/uU6kTdwOpGp61stmQYGJJ5yEK8u8D+2bGI6911JofKZecE1tZsJHui8HSVaYuEuKLGUrAUp4ZVlqH1XZEoJKrnJnXRVbdBqNwyQgb510sSDS7/8D2TaDzXz3c5Cji+6XdrYRGzX0IP80dS7vuXkJU5Am+D513LtUebjMT/6q1D9fIZLoWruqfcdW4lFSehsxxrIT5t3NmAMMDEHL1w6iyG6H8SJ+AX4t32o2ENNW/ASOcGQxkRSfisY3s3tQkb1gSIb629wrE9EZmypmIqjkj/YgjIDb0zCustAwXqOsENfikgwgrp1qQdrGuzu9zqviB3hK6v5y0jTrTgRZnw92Lq/7kQMF1+Dh/2esbS8ujNNAcMhd7SGjYSP/x4MtPx3TH3GAplHB/uI/aPxeMdzzzKl1h6kau6KLGyHwDg/6uO47G1AbT9IheERExB7bayzk6lHdXR4yLujxzZ8i56wZLNKiUyq7syNI');
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
INSERT INTO "rejection" VALUES('run-1',1,0,'1007','tenant-6','not-finite','v1.1.PqtUfvoA7QSjhPXaRXXLgneY3Ma9fcS3TCczeLKvMQZzG3JYdfg=');
INSERT INTO "rejection" VALUES('run-1',2,0,'1007','tenant-6','not-finite','v1.1.PlHZafUdDjlqYjlJ52GRaLe7CU8OcbPOPv1+LkAawVf17H45cM4=');
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
INSERT INTO "round" VALUES('run-1',1,'aggregated','','85fd9bb0dc60b1587286bb58097ca7fa0d92c303411715b63612a5040a4828b9','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9','2026-11-22T22:28:35.334041Z');
INSERT INTO "round" VALUES('run-1',2,'aggregated','','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9','2026-11-22T22:28:35.399703Z');
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
INSERT INTO "run" VALUES('run-1','research','median',2,2,'0000000000000000000000000000000000000000000000000000000000000000','completed','2026-11-22T22:28:33.291922Z','2026-11-22T22:28:35.479988Z','1111111111111111111111111111111111111111111111111111111111111111','');
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
INSERT INTO "settings" VALUES('tenant:tenant-0',1,'tenant-0','{"bounds":{"largest_clip_norm":null,"largest_epsilon":null,"least_noise_multiplier":null,"most_rounds":null,"most_steps":null},"quotas":{"bytes_per_day":null,"messages":null,"model_bytes":null,"nodes":3,"rounds_per_day":null,"runs_per_day":null}}','2026-11-22T22:28:35.443697Z','operator');
CREATE TABLE tenant (
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "tenant" VALUES('tenant-0','active','2026-11-22T22:28:32.961475Z');
INSERT INTO "tenant" VALUES('tenant-1','active','2026-11-22T22:28:33.056209Z');
INSERT INTO "tenant" VALUES('tenant-2','active','2026-11-22T22:28:33.096039Z');
INSERT INTO "tenant" VALUES('tenant-3','active','2026-11-22T22:28:33.127900Z');
INSERT INTO "tenant" VALUES('tenant-4','active','2026-11-22T22:28:33.163233Z');
INSERT INTO "tenant" VALUES('tenant-5','active','2026-11-22T22:28:33.211972Z');
INSERT INTO "tenant" VALUES('tenant-6','active','2026-11-22T22:28:33.251998Z');
CREATE TABLE tenant_key (
	tenant VARCHAR NOT NULL, 
	public_key VARCHAR NOT NULL, 
	use VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	revoked_at VARCHAR, 
	PRIMARY KEY (tenant, public_key), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "tenant_key" VALUES('tenant-0','802baa09039b5af011218ee2f8e73cb6789b0b1e66ccb45ea062520ade233f15','signing','2026-11-22T22:28:32.961475Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-1','fbdf76f9c339606074a29a404db3b2b73ddc89632ec74e787581c83e91009738','signing','2026-11-22T22:28:33.056209Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-2','7303051bba216d155dd88ad5fba8bb4063772d7169c8247aeded477b1a46b1a3','signing','2026-11-22T22:28:33.096039Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-3','4e8769dfebd284398bae9422997a9f806b367d79784284ef04f55d5472b2dbb2','signing','2026-11-22T22:28:33.127900Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-4','0dd9b0f18cfb8b8b2f1d430ad5419c42eef92ea8e2f2cfe048415e336d414574','signing','2026-11-22T22:28:33.163233Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-5','b12d3cdfaef7cad2dae1b523343b5b7d56a82dfed7e61795ad17e1c82a7c09bd','signing','2026-11-22T22:28:33.211972Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-6','30d64f84f595e75d20910f7432742f2fa60808b701bb757acbacdb3728540019','signing','2026-11-22T22:28:33.251998Z',NULL);
CREATE TABLE tenant_request (
	tenant VARCHAR NOT NULL, 
	received_at VARCHAR NOT NULL, 
	envelope VARCHAR NOT NULL, 
	PRIMARY KEY (tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "tenant_request" VALUES('tenant-0','2026-11-22T22:28:32.961475Z','v1.1.qwO5Fiyw2/GG74jgHBNOl4c9Si38/3ch9O72UeLvuMAZjIQImZUAXwidYFi/M3KZuK6cY+kyQkgmazrYVb8RWf5CoKHowLo2eqfve4movDzLWbOjbZPKb3KaTDAjjUd50I3ycLXzwXdHU0yjR7lEX57shbTWfKywumKg8YNDAC+ROEnr9Fu447o8uxjPFX5r4ad0GMHxfF9+p7bGGXeT5bEAYIbRPATnUXTQVh6yzPRmHs9aUoc6n+CtwY1K7rCyxjY6aO9qgl9/3PYJDst/Pulj7b7wPjik/Vo9rz6DXgulQG2AirK9zwtGNHcKGQGUnuiNcEXw3spN6So8vXMz4ATCOPT/rnpjbsejzo7NTXP5PXgAgIn+Sm4zgG0p0KD5lOVOcp2AurzJKgnMpwvH8LeEvM+BXWP9WYCEhbvaBKgD7j2uhKPKtanyOsBxQw/Dv7/35DdJOITUfT9qvUzuqTMZC2ygQbY3C1A2anWyW4DyKt7wMafpQKbVAf/2BqqDiCtkppL4okhABZr2noki2f33pHnZGi6SyELM2J4tv8ej1EXf4jEtdQ8TnmRYRSkFFTh4h2LWDvM5biw+fNwaDCP+LLnn9oCjxTuzNwFCajg+PQ8mpruvgh0=');
INSERT INTO "tenant_request" VALUES('tenant-1','2026-11-22T22:28:33.056209Z','v1.1.n9iYHVqg8wglJIFUM9O+yJvchp+RgaZib0taiaP7aT6OMtyY3hYpVjt9quqfdMSjKEiqkcJvdcMyqUM+Rpm5ThcfFE6YC+tS8fDPGc0GDjhazW5j2oVlZOt+Bjtd6yRc5z1VCCtp9+DjTb+5vhwdw1h8bGcC2B57xCLN9V8BLAi8CU71NI61/BMmf64hGk7tQkxM8TY0NTqJbnelPUzoC9ciBMAwv7Tzih/BKkRD30Em9ci2TZbkNKW7JNLnxzx+LpARrwr09IdutD0jU9J0Wwgdd9GEYmPPKnUH9etU+El1sIkK6vQkffVsRAAUgp0TbWVeBGSabL+yN6pa3XkJ+v+lWrKVPo1SaAdzc7zCw6TKu/fdZY8aGpmKgLVSv0mTx2y+BimY9QPbnP/Gw1G4/5Wxyh6z+ufpi4njxEtIo/ebgKO9ZYPnoRRbqRNh5rPnY8WrWM3YBbCKMEYxenGIOr+jvVozDvKj0hu7Y/DcJDL1pQl+zpMHqplIkfTzyZ8sBXe+Nn8WZPVn5ogJSkWZEAroc45WVU2N/qNmOonzAvshBHb3T1KB24SVMmnVWXT1lsNCd8cEiX0wr5hcEFqCvcQAN3RsU53yVSkARFA8r0esimouuz4cB3E=');
INSERT INTO "tenant_request" VALUES('tenant-2','2026-11-22T22:28:33.096039Z','v1.1.uYzwlHJBtu2YrZPBV0hqH+zfFyz0dn/hlDG/Zq3YX7OLbHp3tKoBwdVPMc2mbFUHiTgm9KpP+TVi1cbPUYzu/nie6WVxtVWeGuDmUb6cG9g1Lj0vcfrAB5GfxY+qQNlmh22vdWaOTzpur/bhq9IY1EboBaZNRnGhy7w+TSrEEE2z7IYjAM48E6C3IWlq5aDw4fgG2Yg1Q4F4EPo9C8f4Abb56Xu3myVjLNrBSDfey03syc00tfC3XPLmtKNSt3AXynEwOl9apu9JZ8ZxOfBwv23z9jMQJGzYmCyccYvvrEUCd/39SvFT4UM5nMmVLp1QxUVeBo2nSdWT1DGbYnyvsR8AsyZVp70/uqUtlJ1CgicOiCX6ENZyPDg+Bf2WnW987Ty6UOmI03BgNWnpT9XnEFZf1POwZbV0HI2SuTQKhcx0MpluJjVb2ACW1m81XvUrO6JlG7o0Sj/56Y2fZndDUUCODUzWp1VXUelKrBPAtOdORgNGFfsCMcN3xGMHsEMQsnZ3cvc05Zi8lvRBkZf9+1Xmlaww1mqBDXl+RWx/YQw6pQ/ntfhgiRoN87LMgXpgpkfvr0Yy1snO12moYxKcQll9RyTZiQlrclRJZKmG6Mryn0klFmsPgDA=');
INSERT INTO "tenant_request" VALUES('tenant-3','2026-11-22T22:28:33.127900Z','v1.1.c2xIeDYTXuAeh488iHMdd9fuzeAd/By4oEfKPtBb7Uo9ugxq9e0zS0XR1Al5jPWTrCnw9OPWOoCi+QpgleqeIvMl9lRJ1T6JTSbb2V7KL+1P+xac5OL45HbLfnIdSMw8TfUxptTnj8V4lBTsSRvVFJoL4erwBYo00lqeUOmtuBpPjxx4pcUvKvdAK0u2Kran8UPX2wzDobN1DrwK9L/I4+s+d471RN3ZNe+y7ZtWtQaTrSMbGOdb+3XAflGhOes3JFJJyC4VJZ0EGdZdjFvaRp9j0cNRSa+gT+ytPGW4C3VYzrrM0w4TcEn4BKldx03cC5la0yMpbAN8XFTCospmv4o20R//yc9bouvHNAfJF8XIpgw4qPM0+74+uf7Os8lA07RCommIscd98RlqHsPa0ZRqFzPV6Ikmz7Y1ZKOWqw7i0sM39vtJnlHR14DlP4CIY5EO/kCq1bbrolApbdKP1Taef3V8mN2MvcqN3etlIDIb6sNf2la1zxj2OmECNy1OszFiySy2aec8zwP6UpZ4xpCl1d0WcP3NIR/4RZA2T1NiBoTDYjginsRjbPI7U5h3iFdwukPyobM5ohu/rSgho0hShfZS4EgSoOminKAHsSWU9SMz7aGulJg=');
INSERT INTO "tenant_request" VALUES('tenant-4','2026-11-22T22:28:33.163233Z','v1.1.AQ6HtRfAc5TbB03w4LVmYKSm+yjZAwel4O1FX3xgVoVlw5VflLc7yLKJkqDg1HxgAkTA1ieHVoiZfcbb6jdaKth14V2onqJKTm536DyUcGLfnXpE4NuZOkHjlzPrWSS+nsz5mXyhlVy4gREJpGWmRN/JVJ4/ZzdzaGZ2iSPezryDICycd2ITNUh5USnc+fXeobJ6Vv/YqyuI2xX0/lC6P5m6ldkgfdNxMWUH43QYWDumKu9WSFeCdDP6A07l5nJf1PIqTt6QTzsK0Hpk9mptWUMzZPnciTYCoZP4JnVfJhd7BqU8s12XwxSKG3M47I8zjSBWA0scaEwnSKB0BOIaTQ2CTAwifTbegqga17aWOhqnXcU4GZt4x+ZVk1XXTl8ka3dRgYUol6gjM3q8jmPvL9CHfLjO3dOUNN8GWIvTrKBN6uo9f0dArL+9G3wwCv2MN7Qbj1HSyTfQvftbW9PLXP2U469ZeBuJWxvHG+joMH4DFmYN3SCIMLukoAGA7+Bkk3tvAdc2I4x8XPYq5EsmpF3LFuhxW8BQqn8gnV4o3DqfnQEXeS67l0I2jGnONqMvyIgJD5p1uLCHpi67yRzLIamoXBENjgEdawvXjKFkKBdmzrBoL/zJw4Q=');
INSERT INTO "tenant_request" VALUES('tenant-5','2026-11-22T22:28:33.211972Z','v1.1.Yd6bI/DPdm49CK5JsM2tJ/kyWbIW6QiGfL66wLpiHi+z9/DWcvtWHDU4ds3KoQn+2WSXaXQvwb4DuzU+oG6YJxHuQZAmXnXeCz2zKS312JUS29GDz3fAbguKdMY0YfaROpbCC9wFlXmaHrMAXW/7sIMhUWgECbVnDLpnm3TcblKt2/Rm+8VWkyxaLrhUXojpquta64EqJoIJLDnvq/O7hb0kCVNKRy0+Sg9Im7+C6tN0RhiCQLbKai9Vcw376+SgUqxx4d7gSojYSinXX5aGXoaBM58Dd+hBLHpV3NJDYKv8nrjb7rdAtjibPiyE0dqOUOFwCpCJAxKz5RN6dUgp9WcWO1YpzPA/uv/CiS+tUNCfnY6aHv3c1k1LMxNRpKLPcrLG5HV6EKGBPz42cKP2cp6GvE4VBsaT5l86pm2t2sl731OTT6JuSXOlJvkawl7Y4cjCppLOFQHqySVFE16P7AYzEJo6FHi87vKKAnLb9HB3plv1kQw8gcuPUecm+VYj+L34i3v55NMaqnxCCE4K+k48QLBg9cXE+f6PxPu0wbjHqONaKt/vNaS3xrEmGijUUse8GK6agiG4VTDJ/qMCepaB/gtYCbBZvbzC4tZYIS2/6qePkTRBICg=');
INSERT INTO "tenant_request" VALUES('tenant-6','2026-11-22T22:28:33.251998Z','v1.1.UM0zBeXy+VatwiVOaJjGI1OkUEX5f2gtIYjeYcNKTTOph3q00UAMSs4vaz+8ClVPepuFb3CV6Ej+ootCA+6iaVj4+UaNHRBJcfC0eDOpvhCviKsswqb667+83civMIzIX7ydYRMouxn0Oa8lb6gi8tjTmce8GBhyUEDR43NkEgrWFoBMYC0xGFax2a+6fn7zaitL4w50YI11/0NEoUhw02oTo/ZpP9ofu7X9ovlM3kTuDJc1ZmU4sTE7gRS7GHE/dfQuuZ9fISPOD5ZFKsYJy/0MTRZHgt/Vp5+bH5poxb8BQbioUGRax9GkMXhqgmV5Sno4Io0ndXNc6zEF/36GxmGAJLRo3dndlDbYseV2Wg5zWBE1BF15muv4SCaQfjRyc9xLbZCRau62Wv7FwmkrKTSyX4lOR5iu23AkX5mneGa/t7mUhAuHuxFmhmMsNncSFrcy0qUiFxHlmrsJLsTt2meC4IrqzhBbLJyN9hirr3PQZ+zjYUgmNcn+lxGnMdGS34dqssIEa3v7OnHGexZ643+ZbipkAswnswLK6DQUkS0BCOBC6xf3QISpxnrxWzuhWMQVwbNmk1G/MShZDh9RlfxRx0VCl+15sxefegfdrWIwDvCIhqHNGtY=');
CREATE TABLE usage (
	tenant VARCHAR NOT NULL, 
	counter VARCHAR NOT NULL, 
	amount INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	PRIMARY KEY (tenant, counter), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
CREATE INDEX ix_tenant_status ON tenant (status);
CREATE INDEX ix_audit_event_subject ON audit_event (subject);
CREATE INDEX ix_audit_event_tenant ON audit_event (tenant);
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
CREATE INDEX ix_privacy_event_epsilon ON privacy_event (tenant, epsilon);
CREATE INDEX ix_consent_place ON consent_place (purpose, position, tenant);
COMMIT;
