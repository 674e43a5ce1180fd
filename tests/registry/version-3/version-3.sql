BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('3');
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
INSERT INTO "audit_event" VALUES(0,'2026-11-28T12:42:26.525933Z','operator','tenant-0','tenant.added','tenant:tenant-0','9ab7279ba1720825ed52b1137ac7cdc52ea714f319d254cee4c12a9121ab3ee9','78a38e95d6eed1fff72aadc33ff6886ea945936ff0f29dd687f4f0d96abb9ca3');
INSERT INTO "audit_event" VALUES(1,'2026-11-28T12:42:26.525933Z','operator','tenant-0','data_key.added','data_key:tenant-0/1','71f89ceb8f78ac4856fc04ec1982b7954e471d4b0b5f6c4b4045f9d264301e85','2362ab571a76d48427f8818cae2e343bb09ebae6ea88228d524cf96250ee3071');
INSERT INTO "audit_event" VALUES(2,'2026-11-28T12:42:26.525933Z','operator','tenant-0','tenant_key.added','tenant_key:tenant-0/9f0e240a211909651e3f625b9a409469af1831d9b6d28d608ae2ae63d3d8dbd0','72eab1132457fe1178a201fad2badfc5f837b120f4d14c5c60234965ae60132c','c40e7309eca713959f1ba59c2f4890dda6347077a94d7a35ef89e2b6d8cf2e00');
INSERT INTO "audit_event" VALUES(3,'2026-11-28T12:42:26.525933Z','operator','tenant-0','tenant_request.added','tenant_request:tenant-0','11c477f90b57e897f50e9d10040a2e30d14dd99b2a752af2f16f4f8fb2217758','acca0cc12409504c43d1a00a2bada8f78b8d0c95272c9b1617ae5ba0fb288d72');
INSERT INTO "audit_event" VALUES(4,'2026-11-28T12:42:26.631644Z','operator','tenant-0','tenant.approved','tenant:tenant-0','b7c4b8dedd7eec396c71504c90618703ab421ac13cad6eab61fda3529b01dc5c','e7249ed5e6e1d7e3340f1c726cb956d0a6395c1abe9c087909d54793f0a3133b');
INSERT INTO "audit_event" VALUES(5,'2026-11-28T12:42:26.645065Z','operator','tenant-0','tenant.active','tenant:tenant-0','c495ab24e5fd12442b44a6d511296849b9bf7f82de2d15531702be4fe767a9b0','207dd5f7b36e5244199ca49025173d38b40f244251652d8b1f358767866402e5');
INSERT INTO "audit_event" VALUES(6,'2026-11-28T12:42:26.663975Z','tenant-0','tenant-0','consent.added','consent:tenant-0/research/2026-11-28T12:42:26.663200Z','7febfc65921488452bd2f07963fb70853f63b687f47384d8464523787b1826ad','bce4bd3b10e180d66ba209d8f3d04ba8af71e1479622f3e7cecea2539204a45e');
INSERT INTO "audit_event" VALUES(7,'2026-11-28T12:42:27.363405Z','operator','tenant-1','tenant.added','tenant:tenant-1','ade91a93efcda723462826093e715ae9e9f1acaf64eb97b280ca783afa96762d','c7b292502870a4667fbd0215b9030649b371ea4783eeff816afcd00b9f19fb94');
INSERT INTO "audit_event" VALUES(8,'2026-11-28T12:42:27.363405Z','operator','tenant-1','data_key.added','data_key:tenant-1/1','d5649940e4fd29720a2282b8a9ecf16bc90fd3fe4452156bf17cfbb181c58f7e','057155b807755dbf5e76bf2f6c070db9887f4788cfba4154e35090ae2cefaf43');
INSERT INTO "audit_event" VALUES(9,'2026-11-28T12:42:27.363405Z','operator','tenant-1','tenant_key.added','tenant_key:tenant-1/46401fd750b7ff8b49f6519ab3374140cf014d6067a4eb11f1085389804d24ed','24a680c8bec467340f355f74c361ba1642f4898d355cf07cd1a065661e301624','72c875eb4e1041b91a1c13649897a4c195534598df5fc34966c1b05f154ee424');
INSERT INTO "audit_event" VALUES(10,'2026-11-28T12:42:27.363405Z','operator','tenant-1','tenant_request.added','tenant_request:tenant-1','3e0739f9e57ffaed93583c75d68ac9796cae2f7c5282ad8be9a8d1de25abda4a','b751ce99909bd85c7369221051b4aa0a19b30499f1c6dc08195107504df893a8');
INSERT INTO "audit_event" VALUES(11,'2026-11-28T12:42:27.396204Z','operator','tenant-1','tenant.approved','tenant:tenant-1','79cfffa9b6dca0049c0494f3d8b95080473eab4d5e4dbbfb1f563eb4c8cab6e9','c18ae72f01a6b4199eea65e669eba43d822441468039ff523071c82eab0398bb');
INSERT INTO "audit_event" VALUES(12,'2026-11-28T12:42:27.408522Z','operator','tenant-1','tenant.active','tenant:tenant-1','576dcf18189bf38313756e06823432f0c0460ab92a8ce47d63847b450cfa3cae','b1bc5058a6cc8690393d68af198a631e7b3430050b8ce90b4fb709fff2c19f61');
INSERT INTO "audit_event" VALUES(13,'2026-11-28T12:42:27.431740Z','tenant-1','tenant-1','consent.added','consent:tenant-1/research/2026-11-28T12:42:27.431132Z','19278d992d41831530f1ee47d391af701637c1f8d1faa450a5a9dfaaffe2587d','0f2aab50d9b57c51c4ddb916b3813def69a5350d470dd4747c999cbdd9e940ff');
INSERT INTO "audit_event" VALUES(14,'2026-11-28T12:42:27.447763Z','operator','tenant-2','tenant.added','tenant:tenant-2','8525e8713ead688af0d670f8c922634d82b2417593f35cbeb4074e421b2dfe5f','fc61f6f8187b929d7d22ff7cbfad8f170a4e64597b637d6e7b8402736f1fb9bc');
INSERT INTO "audit_event" VALUES(15,'2026-11-28T12:42:27.447763Z','operator','tenant-2','data_key.added','data_key:tenant-2/1','886cabbf5b70d66ed8f0078a2e9f86f70471e0d9b1fed66cf9f2f90306297203','26a2ef947241c94f8161b658c42f89f930905cf9bdcb24b8d10dd63aeb5ab16d');
INSERT INTO "audit_event" VALUES(16,'2026-11-28T12:42:27.447763Z','operator','tenant-2','tenant_key.added','tenant_key:tenant-2/fe747c677e82349db3d1ebcdaf89ed4da8a2a97c06ad35164fa03528e6d3f799','db33e157933ec26a79e08e15cab9713d956e0708ac264566bf7a533d989d5db0','0ce3d7bb1839ad7f343df44fbad6cb7aa531c3069f3d61e4a9c0f282da98d48a');
INSERT INTO "audit_event" VALUES(17,'2026-11-28T12:42:27.447763Z','operator','tenant-2','tenant_request.added','tenant_request:tenant-2','3de8fe34252ede8accfaf786b5211de572af66e619ae1621e5d02b6d0199c87e','fd15e5e8f59298196dc13dee4b450db08221dce52d63e49d0ca2ecf15fb489c2');
INSERT INTO "audit_event" VALUES(18,'2026-11-28T12:42:27.471267Z','operator','tenant-2','tenant.approved','tenant:tenant-2','326ad823e6e5b9511bffc2b3ab5e29050ab615d28b09b1d6ff148709f6f5bbbc','3460aef6ebba63c2006d3f9e23a253b74480d47606fc6fb693317ac5fa661040');
INSERT INTO "audit_event" VALUES(19,'2026-11-28T12:42:27.483300Z','operator','tenant-2','tenant.active','tenant:tenant-2','1d76972176bf75f3c29b514f125f77e0cd1c6d382c530b2750597584776197f0','bb0a9fb842af3a549896f3ff0f4d94521c48d3410b902c08ea7a7276b36ec5ef');
INSERT INTO "audit_event" VALUES(20,'2026-11-28T12:42:27.495640Z','tenant-2','tenant-2','consent.added','consent:tenant-2/research/2026-11-28T12:42:27.495083Z','6b8d4e0376af07d7593bb5b3ad49a29b8ae8da2cc6f86eac06365de60fb17688','d24caac4899ee3c0ccd57285368f2f8fdf0059bb4dabaf36005449d3fed2ca0c');
INSERT INTO "audit_event" VALUES(21,'2026-11-28T12:42:27.515945Z','operator','tenant-3','tenant.added','tenant:tenant-3','6a47c0014452bb95d221f49551359af0cbe5a5100c594fb4e2eed13ce129f7c2','6e74a94337468edb12d32ba700e4d47a9b7b5eaff4a577e83279c583f7d6a795');
INSERT INTO "audit_event" VALUES(22,'2026-11-28T12:42:27.515945Z','operator','tenant-3','data_key.added','data_key:tenant-3/1','8978f0673d3f9776889a4c3ea32c2657a69e845834ae770549ade460b0ac306c','c987d6a8c38a616ca0655f6d393d3bac633742e4564717f78042329f65ae4b10');
INSERT INTO "audit_event" VALUES(23,'2026-11-28T12:42:27.515945Z','operator','tenant-3','tenant_key.added','tenant_key:tenant-3/8ab6767342dff1c12f6fa090127b31e86a295b9e52b37723970981c5275ad9e9','bc9508caa8572217f3757461d00992653c211038d874a76bb451ab11b0212019','ed132464be13e608c1d48aa2a433ea1791bd074f5e57ca3849c325ecdb35b754');
INSERT INTO "audit_event" VALUES(24,'2026-11-28T12:42:27.515945Z','operator','tenant-3','tenant_request.added','tenant_request:tenant-3','91e42f175a5f411f8a846672b91a1baf819b761fa184eeff6d6e6be4f89288c0','13113423d9149c7a23ab13795eb64432a439c5a07210dd527d8f2495df98fd41');
INSERT INTO "audit_event" VALUES(25,'2026-11-28T12:42:27.531079Z','operator','tenant-3','tenant.approved','tenant:tenant-3','8336f8e8a08ba97dfe2b5687be7ce4cbe168bc26f4e98458eb4172edbcd14176','89c7602db973d329db60ffdb5b10f5bc77d8e89f0049c59c1b19d3decfbb8b3d');
INSERT INTO "audit_event" VALUES(26,'2026-11-28T12:42:27.543258Z','operator','tenant-3','tenant.active','tenant:tenant-3','2834efde14968e19d70865f8274a3615c9a6240fe8b37c6037de2d3c088f92fb','120f129f27ce3850d989ab58111bf0fb1abe3dcb1feab5a39e14345beee24265');
INSERT INTO "audit_event" VALUES(27,'2026-11-28T12:42:27.551685Z','tenant-3','tenant-3','consent.added','consent:tenant-3/research/2026-11-28T12:42:27.551068Z','e2e4fa5634765f57a286e1b27ca9434ff72578c96d22c413d5e217b802f1a84c','abc99288d531acf64d6dfe4353ee797d8677bd5a0fe27a233cd786916883d414');
INSERT INTO "audit_event" VALUES(28,'2026-11-28T12:42:27.566129Z','operator','tenant-4','tenant.added','tenant:tenant-4','3d3aa802389c4e8b1c582a38a1ba14b33a2573de22c4cb911925833a12abb4ae','66756012663be9e493eb563e003008122dfa69b3179fd89b78d111069ed7073e');
INSERT INTO "audit_event" VALUES(29,'2026-11-28T12:42:27.566129Z','operator','tenant-4','data_key.added','data_key:tenant-4/1','c7842554a410d863b8a159bd3e802d265a97f63fd336463cc06f527dc279c8dc','92af978b0f86a86cb9ebccf9a43b318477d623f921b32690c035e2509ba96fd8');
INSERT INTO "audit_event" VALUES(30,'2026-11-28T12:42:27.566129Z','operator','tenant-4','tenant_key.added','tenant_key:tenant-4/4b045132e39bf410a86a829fad7ffcf57b9efcf94f699f984519bcc03cb3cac0','fcf59fab3b1a9361a10d5f6c1bee41d4cd7446146e575c9e30de192ec3afbadb','5af4d58ca93f81db294ba0ced58a752301838558e48b23b1496f7a38cbb7a152');
INSERT INTO "audit_event" VALUES(31,'2026-11-28T12:42:27.566129Z','operator','tenant-4','tenant_request.added','tenant_request:tenant-4','a55e56a8eac835e9df6e01cbb15653f1a6b89d9624d3580f239556624c770fe3','7cebb92b9b56910fc357e719a92d8a491c57781f36810d19f726167ebb35336e');
INSERT INTO "audit_event" VALUES(32,'2026-11-28T12:42:27.583185Z','operator','tenant-4','tenant.approved','tenant:tenant-4','860be269c4bb442cc81b23ca0f2062446f69c20d18f818dacaf0f2f2fc17369f','9f0ad788227c39dd43f7e5191bd80adf3e5a31ca6d0781588e890ab4880fb4a5');
INSERT INTO "audit_event" VALUES(33,'2026-11-28T12:42:27.595055Z','operator','tenant-4','tenant.active','tenant:tenant-4','9470c79ddebf1168f6d766d5e40f5097cd9d7b32fff8a385325aef5b021a7909','025c1b912edf8f88201271239504f3e4f21091298549777d9afeb051e6688157');
INSERT INTO "audit_event" VALUES(34,'2026-11-28T12:42:27.607658Z','tenant-4','tenant-4','consent.added','consent:tenant-4/research/2026-11-28T12:42:27.607069Z','4a308fc072413efab209df2104a3b69bc1f2d9838ff7c8eb608692335efc71f4','75e124a95ebf76063201d4841b197580bebdd12730a86e79ace4a4b9d6011312');
INSERT INTO "audit_event" VALUES(35,'2026-11-28T12:42:27.624154Z','operator','tenant-5','tenant.added','tenant:tenant-5','e4172500e24e343c23f3ef09cf0a449e45791c5b0f49b4a349d11cf2ef251af3','904d55b1eaeebad733316148a3e9578409da14bbf5bcf0cb1bc51dc817d3342b');
INSERT INTO "audit_event" VALUES(36,'2026-11-28T12:42:27.624154Z','operator','tenant-5','data_key.added','data_key:tenant-5/1','70829757af9a48013ef897237d0361597c2953f8da79b2412768cc120ff99df2','83b67ee4b099d103e7fe53d71b81e58aa1116373b260561acff04a70f43fdfaa');
INSERT INTO "audit_event" VALUES(37,'2026-11-28T12:42:27.624154Z','operator','tenant-5','tenant_key.added','tenant_key:tenant-5/2d7a33f1a1a0b12f01a4ff650a7973c1f208849a081b87b5c46b83e0832087b4','de6fb1c4c16c6da37af65a1603d85d16edca39694d63882d65312888e2704788','5001fc2a918e51c699dca8d4ebb6eb7820d8bf75a5e6fff41bcf544c1705639a');
INSERT INTO "audit_event" VALUES(38,'2026-11-28T12:42:27.624154Z','operator','tenant-5','tenant_request.added','tenant_request:tenant-5','4a82d3d65ca7217d9a2d9e156c6eac20a5f91e0ab361c41198a922be17cbe662','b3dc6b00f2959e9e4cbe5d741faf6d96ac75e21da82ea043bdba680b582c680a');
INSERT INTO "audit_event" VALUES(39,'2026-11-28T12:42:27.643489Z','operator','tenant-5','tenant.approved','tenant:tenant-5','8e30b1f0e8d3b6bf520fae46566a9d4b08902cc72c0507cda627b251b4e7441a','42f47ead182d5a7d9c01a6b22cddf8bebe497f0b2673e027ff9f278c7b0d137f');
INSERT INTO "audit_event" VALUES(40,'2026-11-28T12:42:27.655197Z','operator','tenant-5','tenant.active','tenant:tenant-5','a6f9e76f14404857b9a22bbd3f3795c2ff0fe158bcf7c02f90686089390b4ea1','fc381d64b582dd54c1c60be9bca06b21ba08ba361f3ced8228be742df78d8b0e');
INSERT INTO "audit_event" VALUES(41,'2026-11-28T12:42:27.663571Z','tenant-5','tenant-5','consent.added','consent:tenant-5/research/2026-11-28T12:42:27.663065Z','7670cd055a10f98e5e77cb3895125fa9125222df73d05d0f285cf3823d533588','a8acd19c6d50783ea48594140aaea4b5b10d33c4e8a06c1f5d318f6cbc42372b');
INSERT INTO "audit_event" VALUES(42,'2026-11-28T12:42:27.694969Z','operator','tenant-6','tenant.added','tenant:tenant-6','94f3d461d7c9009893d3be000b33c719d457355819e9b87e1b5222e08fcc4c20','9459c5e0b2d0d5c605953956ece3b665a8716a7a235a668c96e3318301986b8c');
INSERT INTO "audit_event" VALUES(43,'2026-11-28T12:42:27.694969Z','operator','tenant-6','data_key.added','data_key:tenant-6/1','6ba9527d3ba97b8f54c80d1009bc44f47a3289a5e41739f3c623293726448b84','9b246b82098a9d4326bd8b40ec38d0467a8801bc34f06a17e6ed0163c027f2c2');
INSERT INTO "audit_event" VALUES(44,'2026-11-28T12:42:27.694969Z','operator','tenant-6','tenant_key.added','tenant_key:tenant-6/3441b38b1ce4786853813ddf6486744d248cbddd61cceb31f46e595be13d572d','62633329331e054b1262b4dab2357b7d1289ad4841c8fb1ed282df2f00f9f014','fcac9c4d72da89b761dff14d5365e9e05fee2679421dbfc63acf714f91cbbc02');
INSERT INTO "audit_event" VALUES(45,'2026-11-28T12:42:27.694969Z','operator','tenant-6','tenant_request.added','tenant_request:tenant-6','15f6e519e828374d71da4942b07658a0895e6e5a0c551d1d2849a7f27d298dff','9bc33f3d29698ddc582cb4f7706dc39a25553bdb7785466c021edd3f0b1bed73');
INSERT INTO "audit_event" VALUES(46,'2026-11-28T12:42:27.703561Z','operator','tenant-6','tenant.approved','tenant:tenant-6','6b58e9c975b8843609c0ec7792fdae1bda8b290ddf03e990d97c567ddbf11a70','0ff99721071500c5a4a57aec182bf777b5b04ae89399adbb1fe83a9a6c5652b5');
INSERT INTO "audit_event" VALUES(47,'2026-11-28T12:42:27.708254Z','operator','tenant-6','tenant.active','tenant:tenant-6','740f7ccc34dd092939a892fec243fb257d4b03dc7fbbe14f149234d76ba2b5c8','cdcffb352cf03449a24d870870317ade16a7e3dda86d34a651edd0093ecc9f2b');
INSERT INTO "audit_event" VALUES(48,'2026-11-28T12:42:27.712859Z','tenant-6','tenant-6','consent.added','consent:tenant-6/research/2026-11-28T12:42:27.712475Z','91fa98248182f648e8d912c0aa0c5866a5b068f665c59183541ffefc83d790e7','7e39193982fffc200d1fdd32483e3847babb29e2d5c3ea13881c9fbf66c97b05');
INSERT INTO "audit_event" VALUES(49,'2026-11-28T12:42:27.737778Z','operator',NULL,'run.added','run:run-1','8b86f9f8d10704b19be8a5c19e50fcafdef7d601fffe57f347a69f09a5522e3c','98599f1b0988d346f07331b7382f35bfb0b6fb9be1f9617a4f6057a8154ae976');
INSERT INTO "audit_event" VALUES(50,'2026-11-28T12:42:32.449386Z','operator',NULL,'round.added','round:run-1/1','48c784f0d163ba40ef0c5f7367cf8f3284ac8a0ef8a323b35e99a1a774f33faa','7e7f333ad9b59b666d1686f0291a7e04d3f08e5f137ed1d5df304079d2d3d366');
INSERT INTO "audit_event" VALUES(51,'2026-11-28T12:42:32.449386Z','operator','tenant-0','invitation.added','invitation:run-1/1/tenant-0','4fdff2851038c80129ab72dad770f02de1b823ba7c7341e85c4f22f305d066c5','072b134185be96af0276b524911114de0032c77cee13db6cfe3e8387e78d390f');
INSERT INTO "audit_event" VALUES(52,'2026-11-28T12:42:32.449386Z','operator','tenant-1','invitation.added','invitation:run-1/1/tenant-1','6233a0c37904c5072ab65780dfe0304776e44676933470a9cc66123caf7ff494','d9864b764713c0769b2cb30d61e25c00f49ec16deba1aee58a7389ea67cc2964');
INSERT INTO "audit_event" VALUES(53,'2026-11-28T12:42:32.449386Z','operator','tenant-2','invitation.added','invitation:run-1/1/tenant-2','da731f0639e5ce07a059e26a71fc43b7235abab213d13232e9499c5799130e00','fd2899c6174df43537fe37dcb89945c786131a9a4f3abf91dab4476227ecf61e');
INSERT INTO "audit_event" VALUES(54,'2026-11-28T12:42:32.449386Z','operator','tenant-3','invitation.added','invitation:run-1/1/tenant-3','aac020a4cef61f32b73f6a9233b6b28bd7f1c54d023d91ddf8e1b58a8eaa6229','c0fe1eef4791a0e495635653817093f16788a0863b91e0bcf66b9e78f2f0b438');
INSERT INTO "audit_event" VALUES(55,'2026-11-28T12:42:32.449386Z','operator','tenant-4','invitation.added','invitation:run-1/1/tenant-4','46cfbdd893524ccdf9bd06d07b3bfd27e21f51ae25282666c676039b40c77e88','e9872ffd58ae22777dbd52d877308b369cdba1a657166ad54f1e42506a55ba0f');
INSERT INTO "audit_event" VALUES(56,'2026-11-28T12:42:32.449386Z','operator','tenant-5','invitation.added','invitation:run-1/1/tenant-5','154dc7a943fbc92954285e5e5c6440320f483124e9e17db58b7ba759ec67019f','3912b9f10333e477ed8de83df86fe13cc0f495b84a980c96f22925d283a83b12');
INSERT INTO "audit_event" VALUES(57,'2026-11-28T12:42:32.449386Z','operator','tenant-6','invitation.added','invitation:run-1/1/tenant-6','e5b7f0a718df9b20466e521fff1dbec6fd3da01c78ce68fcf922f81882b6c8ff','917ce242bc9974bdc172650af8a43be72e14fbbdaab87a27ad201118b3e79956');
INSERT INTO "audit_event" VALUES(58,'2026-11-28T12:42:32.449386Z','operator','tenant-0','contribution.added','contribution:run-1/1/tenant-0','09732dc5173427d0de5e31bea1e50a346f2e491d3058da7d0a9cfe471fb53ea9','e77761453b814109dd9387dd2c20e09c23e7c2e407df8d3578cd46cebaa16f15');
INSERT INTO "audit_event" VALUES(59,'2026-11-28T12:42:32.449386Z','operator','tenant-0','privacy_event.added','privacy_event:run-1/1/tenant-0','939606971c75e2895b48cfff062103dbc53d2a4fb286840c6d823a1a8da076b6','7d294c7fbd8cc5f0e0491bcbb0495d451a5cc1e0560b732b48ff2eed5327049d');
INSERT INTO "audit_event" VALUES(60,'2026-11-28T12:42:32.449386Z','operator','tenant-1','contribution.added','contribution:run-1/1/tenant-1','23cdf288580b0e6f44ecd8fd6e29ecc957c3c6bafa56988b4f98091c2872433a','54a0446fb31cb22f4343fc9524af9851f28cf7d9b76150635897b14ed1b7767e');
INSERT INTO "audit_event" VALUES(61,'2026-11-28T12:42:32.449386Z','operator','tenant-1','privacy_event.added','privacy_event:run-1/1/tenant-1','3f40086cdb575937ed1446830064f2463b08e82d45323ca97541e3013bdf1edd','672a79dafe4a7e71244d57cf7cc30fee175171c8982fdc851c285d78f646c5b4');
INSERT INTO "audit_event" VALUES(62,'2026-11-28T12:42:32.449386Z','operator','tenant-2','contribution.added','contribution:run-1/1/tenant-2','306042e702cd1dbe6e1dca4ad90da1e1baf36a4dd158ec03436f2054a2ecf21d','da4b5b71d2d99b37505c976ee99f5dfd6ef4af07d81290cbe8ff344dd2128428');
INSERT INTO "audit_event" VALUES(63,'2026-11-28T12:42:32.449386Z','operator','tenant-2','privacy_event.added','privacy_event:run-1/1/tenant-2','9485a7353baa085f63fc04294291a19b2105c7b99cf7afd622cefeaee026613d','86fe34cf9eb36f5234040a57f229ca836210ffb4eb3c518b18c0f363d75a2763');
INSERT INTO "audit_event" VALUES(64,'2026-11-28T12:42:32.449386Z','operator','tenant-3','contribution.added','contribution:run-1/1/tenant-3','83fd3f8bd5df66fa025c41c07c886d3138dbd2a70c5b9822aa7e17b3d1748ff9','f5bcaebc8f4a52da998d6d8bc485879df8f43fc107fd5e8f5f8c258f73d02c1a');
INSERT INTO "audit_event" VALUES(65,'2026-11-28T12:42:32.449386Z','operator','tenant-3','privacy_event.added','privacy_event:run-1/1/tenant-3','977b698806d81302ddcad50168c2c572ce93da33af16f7075edfa12854d2069f','ee6e7f3bc2416c4852830505eebc3a7e4c47b13f0997dff7755ac0f5dcdaf0c5');
INSERT INTO "audit_event" VALUES(66,'2026-11-28T12:42:32.449386Z','operator','tenant-4','contribution.added','contribution:run-1/1/tenant-4','8f0f0b34b9b73abda9944563a311b1f571c7c3758d0836f15924b5705b5bd0d1','4bb88932d66c7db479d3b22ad6928417ad25cd1a95043f37c9d9b6ff9734dd69');
INSERT INTO "audit_event" VALUES(67,'2026-11-28T12:42:32.449386Z','operator','tenant-4','privacy_event.added','privacy_event:run-1/1/tenant-4','cc3fb67bc77215a44800a585610b1d94871253032220d38b37980a7256776ba4','3f2b31ad5ff2326c6af2c9027a6c0c5e7f263d33bb2084374371ffca88de697c');
INSERT INTO "audit_event" VALUES(68,'2026-11-28T12:42:32.449386Z','operator','tenant-5','refusal.added','refusal:run-1/1/tenant-5','2cc66b638efdd01f36311fb7652fd8b506209638576c2c8fd93fa986ff9303a8','e69bca815410d90d68384af45fa2f96da90541cc0bddcb56f559e8f54b9e6acf');
INSERT INTO "audit_event" VALUES(69,'2026-11-28T12:42:32.449386Z','operator','tenant-6','rejection.added','rejection:run-1/1/0','c331f9562259c93fd73716c380bec241af5242d46beaf8e03a75a5095c713d14','e2f8936b9d7641934b06a51b4cdb8a416a99629b54d2e13dc5643515b142085e');
INSERT INTO "audit_event" VALUES(70,'2026-11-28T12:42:32.511606Z','operator',NULL,'evaluation.added','evaluation:run-1/1/accuracy','bf8191f42e92a0fd4d736e86a09daaaeb80b182cdfdfd691d37a0b64b0116051','d277740898002f01bc3e91201d391f9abbc784a45e62fbf1cfb551f52d90f761');
INSERT INTO "audit_event" VALUES(71,'2026-11-28T12:42:32.535318Z','operator',NULL,'round.added','round:run-1/2','367fd53fe14ccc474e0280cf879ceb807ef131a182ade1119540937777fcdd48','a65a3b2ca12d5263afdc012cc0512441aac1d3870d85d5aaeae5fc74f13e23a2');
INSERT INTO "audit_event" VALUES(72,'2026-11-28T12:42:32.535318Z','operator','tenant-0','invitation.added','invitation:run-1/2/tenant-0','1a1f4bc3da737dc3440d07df53085cde5170b43afed011e7029b0535d9f75638','b0c5f0a69e7b5f704c79bf38088e1e103d8cdb99f04ccbd8a2d0d70e5b9e2c99');
INSERT INTO "audit_event" VALUES(73,'2026-11-28T12:42:32.535318Z','operator','tenant-1','invitation.added','invitation:run-1/2/tenant-1','c9ffb620217a66f469e9551fcf2779a71b6b097f4280b99a70434d18a0a11a32','6ea0c21d645121698ba317f2b0d8b81398001cf7cc9b0052d0ef04f5c74a75f6');
INSERT INTO "audit_event" VALUES(74,'2026-11-28T12:42:32.535318Z','operator','tenant-2','invitation.added','invitation:run-1/2/tenant-2','4965749870ecb4c568f73e5cb61508f6fc85738d6006b04a6852f69230fcdd1c','b2f38da2e1c86aa8014ec3797aaa25c57018a738ddcafc3ce33994031768d8e8');
INSERT INTO "audit_event" VALUES(75,'2026-11-28T12:42:32.535318Z','operator','tenant-3','invitation.added','invitation:run-1/2/tenant-3','6dd4c9000d13f8195950545044839e129bca442a69dc965f7b4aa157567ccef1','141c0d4485d697466c8e2f1ea827e8a7eb10bd84ad05a67084a451d2a4d8007a');
INSERT INTO "audit_event" VALUES(76,'2026-11-28T12:42:32.535318Z','operator','tenant-4','invitation.added','invitation:run-1/2/tenant-4','b0c1bae032abc88989193aaacb85a29bd65958ca6ae6a9d8b2e684ff0a1f7495','a6d354481a070af2846c0ef2128657b6431d42fd23a7b16000e2b1f1c29a17b7');
INSERT INTO "audit_event" VALUES(77,'2026-11-28T12:42:32.535318Z','operator','tenant-5','invitation.added','invitation:run-1/2/tenant-5','b055dd80b8df14e9be8fec117a501a5d416bdf1e0fb891a1df3d3585a93c3da1','38a048266aeb00c2a9e8ea1eeb3d6fe226ecd6b22c7793928d84969f3b9ff6d5');
INSERT INTO "audit_event" VALUES(78,'2026-11-28T12:42:32.535318Z','operator','tenant-6','invitation.added','invitation:run-1/2/tenant-6','b5fef67d8c25b8c7e4818bdfe8493530c0d99c2450e6606de3e1803a4bfc476d','c32e632bde8ab03c4c2adc11b8806dc7eb6aab78d5659808bd6778ab8bcb81a3');
INSERT INTO "audit_event" VALUES(79,'2026-11-28T12:42:32.535318Z','operator','tenant-0','contribution.added','contribution:run-1/2/tenant-0','3fe3aaaea18855786d851ee8f86cc62cc755b19ee72751f92f0a9f8771011733','1a80d14db829cbf4ef5ecb18c76f7974a22bb9efba84647bc44a17315c843b31');
INSERT INTO "audit_event" VALUES(80,'2026-11-28T12:42:32.535318Z','operator','tenant-0','privacy_event.added','privacy_event:run-1/2/tenant-0','71df7f53379167fb4a16fe489f561ec5306cb6487f136bb821ba08bac8d473f3','48f708ba5d6501cab859edd98a93585bea7d19c9b15b73767768db910af04b27');
INSERT INTO "audit_event" VALUES(81,'2026-11-28T12:42:32.535318Z','operator','tenant-1','contribution.added','contribution:run-1/2/tenant-1','64ff70f719422c8df28dfed35cec89925d6c9e71c1eec54ea9e92b77c4c571c4','19b53ea14e9473b7151e110e22fab8945aead600cf2b47bd2bd47f76a41b735b');
INSERT INTO "audit_event" VALUES(82,'2026-11-28T12:42:32.535318Z','operator','tenant-1','privacy_event.added','privacy_event:run-1/2/tenant-1','8ae59077b80a6d0d1fbd16be056e846ce793babe26dd75e3a98e17c137e6f516','5d2481b75e41c630ecd03f76db60ffc751b25aae9a17ceeee4f4522b85b09981');
INSERT INTO "audit_event" VALUES(83,'2026-11-28T12:42:32.535318Z','operator','tenant-2','contribution.added','contribution:run-1/2/tenant-2','ed0bf003cccfc78e34956fc9a21a5ccdaab4e545d7e3ed39e6d7b360a28fdfee','7c8d160b668c85bd7dda644a9be4a5955a70eb585500eaaa0fe875a814a72d4a');
INSERT INTO "audit_event" VALUES(84,'2026-11-28T12:42:32.535318Z','operator','tenant-2','privacy_event.added','privacy_event:run-1/2/tenant-2','7496502860b382bc5411f8780e084eb9871892724e84147ef21838eec187c772','e3f3aa65333e5fd3aeace911b2c278cc5d6de9d3cb64d77eefe80955d875be0a');
INSERT INTO "audit_event" VALUES(85,'2026-11-28T12:42:32.535318Z','operator','tenant-3','contribution.added','contribution:run-1/2/tenant-3','932da5c08b5029f37e616785e83085b0d745ac23f4172e7d73436424286d623e','01103d95cc68fad976b3cea4eeb9878022b74e551fc4849b2e4f7f4e989093a5');
INSERT INTO "audit_event" VALUES(86,'2026-11-28T12:42:32.535318Z','operator','tenant-3','privacy_event.added','privacy_event:run-1/2/tenant-3','f4ae86964e1e04590c96f34111568d7b19971893f73b8e22112cd5a97a7365ea','6e28b5c9aa131be7634cdd953e417fc70cfb3ec4715067d817d7e8f437f42f63');
INSERT INTO "audit_event" VALUES(87,'2026-11-28T12:42:32.535318Z','operator','tenant-4','contribution.added','contribution:run-1/2/tenant-4','648d47b1cb7611ea318fbf50c172cc440ed1562cff90431001a1f1ccb6471d8e','51cd8074382809a5c202d726184c2aeb3f40b79be957ec4dff2aa2afdb7b688c');
INSERT INTO "audit_event" VALUES(88,'2026-11-28T12:42:32.535318Z','operator','tenant-4','privacy_event.added','privacy_event:run-1/2/tenant-4','4de5b5492fa65ebf0e2f31e2b19de0c4ed29813fec89abcd925f773483183944','be1c8c7a47a539eac66d9df7f29e7216278be0bcc893569c589522cf6567129d');
INSERT INTO "audit_event" VALUES(89,'2026-11-28T12:42:32.535318Z','operator','tenant-5','refusal.added','refusal:run-1/2/tenant-5','a0f7df7b53ea450024f779863c6f5d27ed373570597120f6da70034b3e570fb3','b9a40ed69045708f199186fd474b26fc809af3a8fb38d428031b7657f796a525');
INSERT INTO "audit_event" VALUES(90,'2026-11-28T12:42:32.535318Z','operator','tenant-6','rejection.added','rejection:run-1/2/0','f1d070564539bd9c8ffdd1c4bf25aed7cb9187d9618c28686e7285f906b072b8','e22d9773fde343b8cd851f5c7d7904a78578ce704ba9a29b8ff5decfcf7ab187');
INSERT INTO "audit_event" VALUES(91,'2026-11-28T12:42:32.567604Z','operator',NULL,'evaluation.added','evaluation:run-1/2/accuracy','4c6154853038029fcfa87f8196699a9c2bddad07f384388f74babd38c5858042','2889d4e23d2e6766dbf16b348153d87a378e43f866ce00926248a71d386378df');
INSERT INTO "audit_event" VALUES(92,'2026-11-28T12:42:32.575772Z','tenant-4','tenant-4','consent.withdrawn','consent:tenant-4/research/2026-11-28T12:42:27.607069Z','b0c3df58cad11bbb1f4dd08757027981535172098631e01a3b290ee0034cbb12','073f0a384c680abc6a62c95d5c6b5a496ea7ab17a4567b1efe375fd344760c06');
INSERT INTO "audit_event" VALUES(93,'2026-11-28T12:42:32.595491Z','operator','tenant-0','settings.added','settings:tenant:tenant-0/1','ea16f4676428c08a50a18bfadd320b7e1dbccfc9ead0e04ca7e822baa2053436','a236dc8732275a239c7cbc34b33b51d1f4e6a0b63bce0b3593c70203738a4cbe');
INSERT INTO "audit_event" VALUES(94,'2026-11-28T12:42:32.623612Z','operator','tenant-0','cosignature.added','cosignature:94/9f0e240a211909651e3f625b9a409469af1831d9b6d28d608ae2ae63d3d8dbd0','07533e59797408f2f866042a4b4237bb761ead4b07fc4dd815cc267042a52843','d7f7117bfb02eabfd5e47488348bbcbf9be504399f4743545a99d7568c68090d');
INSERT INTO "audit_event" VALUES(95,'2026-11-28T12:42:32.643589Z','operator',NULL,'run.completed','run:run-1','20b836643b720dd517d5ae34f4dc31b47f5f7687a59204e38643b3e49c03cf54','03ff8909fe001e90fecc4158fba02908037f2917f22d74cbe23193694f693437');
INSERT INTO "audit_event" VALUES(96,'2026-11-28T12:42:32.655402Z','server',NULL,'federation_release.added','federation_release:run-1/3','f4b0a4c43d6703af5b5d989d283afb6c288a62f97ea7cc17f9071bc8bec0fb2a','9c7cfd110e7ade763058b83318a4e9e30cdee9c4c083eac155a44299947bf72a');
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
INSERT INTO "consent" VALUES('tenant-0','research','2026-11-28T12:42:26.663200Z','2026-11-28T12:42:26.663975Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOFQxMjo0MjoyNi42NjMyMDBaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0wIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"9f0e240a21190965","sig":"nOpy/0SkoFvom01oCuqxnCoTFyMy8hC6DDkI7XFrVtTJtpbxhsYTgMvHH/Gp0EvVRvMAwDu3pew/UWk+yMVCBg=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-1','research','2026-11-28T12:42:27.431132Z','2026-11-28T12:42:27.431740Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOFQxMjo0MjoyNy40MzExMzJaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0xIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"46401fd750b7ff8b","sig":"D1Q7MSyNiHLMJMSKRcgAykv70RMCG0cgWhiqOHRS2KBfInafAS4wkV70pVAdZiJjoTGO6sxREAkY5N9izzN4BA=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-2','research','2026-11-28T12:42:27.495083Z','2026-11-28T12:42:27.495640Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOFQxMjo0MjoyNy40OTUwODNaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0yIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"fe747c677e82349d","sig":"9g9VkHC3Z2I3nFWlgQ1fzohtaLA15LnSbEQUkj08gkAwny6lDFYZlnwM4ZR2JP0LUXGNGNOKr3MczcvFZTjcAw=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-3','research','2026-11-28T12:42:27.551068Z','2026-11-28T12:42:27.551685Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOFQxMjo0MjoyNy41NTEwNjhaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC0zIn0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"8ab6767342dff1c1","sig":"YBebrDQ4Yfgxc/XOqVtjol2Wrra198M6uAQ83JIYWhtpqTQaXcULJ5rRbD3Sv2pb8U+CB0oBW2qicto5wnQ1Dg=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-4','research','2026-11-28T12:42:27.607069Z','2026-11-28T12:42:27.607658Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOFQxMjo0MjoyNy42MDcwNjlaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC00In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"4b045132e39bf410","sig":"OW4Fc4TlzbzHi5yw75+ts8PJ9v1LeejzZW6ouoR/O+gTA0mCxnfwgCcsQ+L0uTWqXGR5NZGa1V0LqCxi10ItDQ=="}]}','2026-11-28T12:42:32.575772Z','2026-11-28T12:42:32.575057Z','{"payload":"eyJhdCI6IjIwMjYtMTEtMjhUMTI6NDI6MzIuNTc1MDU3WiIsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC00In0=","payloadType":"application/vnd.flowstate.withdrawal.v1+json","signatures":[{"keyid":"4b045132e39bf410","sig":"W8gBvSUsjiMPxsqAZoP7qboz+uNGYxkR9s/K5OTBkoGBnqCTybQ2g2fxD46cQw34if04dmOY8CCiMtIDonFCCg=="}]}');
INSERT INTO "consent" VALUES('tenant-5','research','2026-11-28T12:42:27.663065Z','2026-11-28T12:42:27.663571Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOFQxMjo0MjoyNy42NjMwNjVaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC01In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"2d7a33f1a1a0b12f","sig":"o3WQhF91WnPujHRLeggab9tTapB6s+2LzxGHx1ecUA6UPTR48TICAcbHSSG08NGScSBnu5vgqREzHniiHTUjBA=="}]}',NULL,NULL,NULL);
INSERT INTO "consent" VALUES('tenant-6','research','2026-11-28T12:42:27.712475Z','2026-11-28T12:42:27.712859Z',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{"payload":"eyJhcHAiOm51bGwsImF0IjoiMjAyNi0xMS0yOFQxMjo0MjoyNy43MTI0NzVaIiwiYm91bmRzIjp7Imxhcmdlc3RfY2xpcF9ub3JtIjpudWxsLCJsYXJnZXN0X2Vwc2lsb24iOm51bGwsImxlYXN0X25vaXNlX211bHRpcGxpZXIiOm51bGwsIm1vc3Rfcm91bmRzIjpudWxsLCJtb3N0X3N0ZXBzIjpudWxsfSwiZXhwaXJlc19hdCI6bnVsbCwib3BlcmF0b3IiOm51bGwsInB1cnBvc2UiOiJyZXNlYXJjaCIsInRlbmFudCI6InRlbmFudC02In0=","payloadType":"application/vnd.flowstate.consent.v1+json","signatures":[{"keyid":"3441b38b1ce47868","sig":"zGPEqp9VKzjFZBe/hUxcCB/5QF7So2vq/Kxjc/NwVEUHMCmtvk4xnk2OqVAazoUtyTjsOlCmgxnNs+GllhapCg=="}]}',NULL,NULL,NULL);
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
INSERT INTO "contribution" VALUES('run-1',1,'tenant-0','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjkxODI0OTlhNzIwZDFlYmZlY2M3ODg2M2RhNGI2NWU2IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMCIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"9f0e240a21190965","sig":"FASGIgS4YOZPIS3gYSSLx8I4nTCiQ1G5Uqa/9kk/hYvB1qIM752Kig66Ng0u3s9UXX8OU+cWh/vBVpisiWPwCQ=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-1','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjRhYjkwMDAxN2Y4YzM2ODE5ZmYxOWE1ZWNjOWQ2MzVmIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMSIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"46401fd750b7ff8b","sig":"Evc2zsDKUyr0f2fdDUDVpA8vezw1z2hudUXVnqvi8DVVunVWqW/NV6Bw50BXt26PESdaIhFvg+VVz4rayIEUAw=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-2','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjU4YTlkNTM5MDIwZDJjZDE1NTE5ODdiZDc3ZTlhMTc2IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMiIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"fe747c677e82349d","sig":"M5GWl/xyWmZCx6U20g1Cb8hRKSZ4EftsjY5CtgC4mjLKcIy6c/q6URfLgPQEDoL1OFdWExIj1tRE2n5v1WehDA=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-3','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjViYjEyNWRjMGYyNWE5ZmVlYTgwMTVmMjM4NjdlNTE0IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMyIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"8ab6767342dff1c1","sig":"d92Vj7VfMgFBRfs5un4QKAfx5uqJoaXZZYffeZuq0MxcP7CLf1gtK7EvQPUpKBJKzoJEf8aS5VVZvqnpYm2fBg=="}]}');
INSERT INTO "contribution" VALUES('run-1',1,'tenant-4','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6Ijg1ZmQ5YmIwZGM2MGIxNTg3Mjg2YmI1ODA5N2NhN2ZhMGQ5MmMzMDM0MTE3MTViNjM2MTJhNTA0MGE0ODI4YjkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjBjN2MzYjU5ZTI2ZDg5YzllZGYyMjMwMTI4ZDQ3MGM5IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MSwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtNCIsInVwZGF0ZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"4b045132e39bf410","sig":"mjs6fHLAALoNm68kGXzYiQKEE+ZauC+lofeF5UazJUqCNxWLbYh2GkZCbYB1bTlR7DyzejUnIhLfI10SDQ9qAg=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-0','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImJmNzUwYWMxMGNiZmFjNmI0MjU0OGI0OGUyNDA1MmYzIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMCIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"9f0e240a21190965","sig":"fYw9Rx1TBuOCnFOOR4gYCEhiJ99RuPswoZVYpszccdPN1mHKXLsdeE/9DW9tHrOml2de0dv1RS1MJjt8DCILBA=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-1','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6IjAxYzcxMWUyZGM3ZTMwMTBhMDhmMDc1YzdkZWJmZDM4IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMSIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"46401fd750b7ff8b","sig":"Sqg4zc3Ex/uRtpviak05eiK/myfHOgDgnSZJnjx06hFkS47rfg/PzjTIpukJVtG8TRLSrK54e5AxhggVdfY0Bg=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-2','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImI0NWE2NTIyZGQyOGQ1MjZkNzdjNjE0ZTNlNzBlOTdlIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMiIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"fe747c677e82349d","sig":"/wNjALLIl48ZL1+X/0U00U9nn2SV5W/TRrTbEGNRPgP876bWb40s6RXgHIR9UBkDc/5YLIzG5wxxnLK2ykh9DQ=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-3','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImU0NDY4YWIyYjZkMjVhMDAyNTBlZmY0ZDhmNTFkMGU3IiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtMyIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"8ab6767342dff1c1","sig":"5AO0UzslsohHyxQ8a8RRbPy7VIzNVxbetVveRVpbRbETZp7MKF9ybx0bMQHQE2q0W/BhMMUdL9osSsE2aAVCAw=="}]}');
INSERT INTO "contribution" VALUES('run-1',2,'tenant-4','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9',100,NULL,1.99999999999999983346e-01,1.99999999999999567013e-01,2.0000000000000039968e-01,'{"payload":"eyJhdCI6IjIwMjYtMDEtMDFUMDA6MDA6MDBaIiwiYmFzZSI6IjRiYzY3NTlmNGRhZTczNTM0ZjI3ZTk4NTIzMWEyYzY2NGUzMDM5MjQ3MGI4MDg1MzEwZjEzYTNmN2YxMDE0ZDkiLCJleGFtcGxlcyI6MTAwLCJub25jZSI6ImI2YmE3OWMxOTMwODZhNzljYzJiZDkxYzMwZmVhZWVkIiwicHJpdmFjeSI6eyJhY2NvdW50IjpudWxsLCJjbGlwX25vcm0iOjEuMCwiY2xpcHBpbmciOiJmbGF0IiwiZGVsdGEiOjFlLTA1LCJlcHNpbG9uIjowLjUsIm5vaXNlX211bHRpcGxpZXIiOjQuMCwicmFuZG9tbmVzcyI6Im9zIiwicmVsYXRpb24iOiJhZGQtb3ItcmVtb3ZlLW9uZSIsInNhbXBsZV9yYXRlIjowLjAxLCJzdGVwcyI6MSwidHJ1bmNhdGVkX2F0IjpudWxsLCJ1bml0IjoiZXhhbXBsZSJ9LCJyb3VuZCI6MiwicnVuIjoicnVuLTEiLCJ0ZW5hbnQiOiJ0ZW5hbnQtNCIsInVwZGF0ZSI6IjZjNmY3ZmQzNWVkNDIwNTg4YzU2NTdjZjlhODUwYmQyNzc0MmExODFiNTY2YmZlZDdjOTc0NzdlYzk1NGE3YjkifQ==","payloadType":"application/vnd.flowstate.update.v1+json","signatures":[{"keyid":"4b045132e39bf410","sig":"fL2ty4ErvUBUGt159T0Or2ZOABnoxK7OOT9pbIZ1GntQxT1HN1LRmITFxW/i3kJHtUeO0c3zPw12hEpZEVoXAQ=="}]}');
CREATE TABLE cosignature (
	log_size INTEGER NOT NULL, 
	public_key VARCHAR NOT NULL, 
	tenant VARCHAR, 
	line VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	PRIMARY KEY (log_size, public_key), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "cosignature" VALUES(94,'9f0e240a211909651e3f625b9a409469af1831d9b6d28d608ae2ae63d3d8dbd0','tenant-0','— flowstate-witness/9f0e240a21190965 DGF61gAAAABrSdIAY2Uo0hClzKY85WVXLwM/uDpqriRAZdaFat+YSGYUd/Z9zi3Ku14YXrAetd3aZ3QBSXgbP8NeJ2PHB8ELxnUYDQ==
','2026-11-28T12:42:32.623612Z');
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
INSERT INTO "data_key" VALUES('tenant-0',1,'b60479349f40ce93','VSUjuZkmRGHq33GRabalf7f8kPnKyGLkC9itRbfAqLwAF2Sy+QGUxBprr2pLStE8Hlo56c/2shsuFIhJ','2026-11-28T12:42:26.525933Z',NULL);
INSERT INTO "data_key" VALUES('tenant-1',1,'b60479349f40ce93','JM48mHO/LDXoPmGkkZ7N/HYp4xc8MQ6gougujOWNIGrFWXNDiDPoN4bNsztZS/ao+e1KzVDnF1CRffFK','2026-11-28T12:42:27.363405Z',NULL);
INSERT INTO "data_key" VALUES('tenant-2',1,'b60479349f40ce93','seOT/bRjvRBFtJmrOH1GgHPw3G3OGAfoBp0X9U4lBJN0TraQv3UxgBiHDVK4MQtREyNxbp5EJ1Y3+866','2026-11-28T12:42:27.447763Z',NULL);
INSERT INTO "data_key" VALUES('tenant-3',1,'b60479349f40ce93','Dyhb9zPSAX52RS5+USGtkhZSe2xh/X2Pt1yOg001egP98E3wdsn4jVxxGAk60AoAZUXrz3yYEgxf3OYq','2026-11-28T12:42:27.515945Z',NULL);
INSERT INTO "data_key" VALUES('tenant-4',1,'b60479349f40ce93','MpTvzm1SKPXcryWNQ9faknxSYyVSG6wjTe8QjLbj+92rqrt6GuZ4uTCOaN0dWFhwD8nwrsKjhJBgfFuT','2026-11-28T12:42:27.566129Z',NULL);
INSERT INTO "data_key" VALUES('tenant-5',1,'b60479349f40ce93','Go+00Ret5UXMRcbYDsDKMLNGAUOHmxJz8qpNAi/gO5JFsCVeRrblDyuHa7/uaj955HyHV17wtP1xiOcZ','2026-11-28T12:42:27.624154Z',NULL);
INSERT INTO "data_key" VALUES('tenant-6',1,'b60479349f40ce93','w2jLdGpyg+tTWwTf648YBemChWlrRRyXucNaP2F4rRyDnBQQHJTvBEJ/JaLRTFrAsuhOsy4U+LyNSsv4','2026-11-28T12:42:27.694969Z',NULL);
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
INSERT INTO "federation_release" VALUES('run-1',3,10.0,NULL,7,7,'add-or-remove-one',3.75291222366276489008e-01,1.0e-05,8.0,'os','2026-11-28T12:42:32.655402Z');
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
INSERT INTO "log_head" VALUES(4,'flowstate-log/165921611e4da97b
4
ti2KPZnjg+0EAnvdlL4LaUSB3tueZD4Q0BM799H1hm0=

— flowstate-log/165921611e4da97b s5PbhGOsxfshjiVxtJUEB3RpSuht18DDye3I1c4kITvtK1moBD2UA+eiD72mL/jF8wysbGsMG64nyjDkGC6HzdG4agA=
','4:b62d8a3d99e383ed04027bdd94be0b694481dedb9e643e10d0133bf7d1f5866d');
INSERT INTO "log_head" VALUES(5,'flowstate-log/165921611e4da97b
5
ZNSX89OWLU3AbwUrX3KV9okixLF1Bbx2xxhinclxpew=

— flowstate-log/165921611e4da97b s5PbhI9cn2J+myQ/jCLij30inLr0cPt2Ps5ROcI9xu46cAZYLym8dsEbqZC01fHKD0TZ6Ga/zQDupnscWAdz6XzCGwA=
','5:b62d8a3d99e383ed04027bdd94be0b694481dedb9e643e10d0133bf7d1f5866d,e7249ed5e6e1d7e3340f1c726cb956d0a6395c1abe9c087909d54793f0a3133b');
INSERT INTO "log_head" VALUES(6,'flowstate-log/165921611e4da97b
6
0fZ38rNGpvO2gv/CwUGfQmKYoz7UeEuIe8i83O6H9jk=

— flowstate-log/165921611e4da97b s5PbhKc72t+CZEusZ8hQz8kwZc6AV9GfKkcMS9l92yXkGi5Ay/wIGOaCgOLTkj5jVp1u4GTUcj7GBpO/PpiUUrNDiQ4=
','6:b62d8a3d99e383ed04027bdd94be0b694481dedb9e643e10d0133bf7d1f5866d,7e9146d0c60e922a251816c3a8f69e9224f6db6c813e696fa48878d1b024aae1');
INSERT INTO "log_head" VALUES(7,'flowstate-log/165921611e4da97b
7
rNZEva1yS7pKBab9BYrmxNmX22F/24OysS5SUDdJf9M=

— flowstate-log/165921611e4da97b s5PbhALHJgM0g34ILKC3Q18wzywPLlHyScl+WRgCitV2t1N1oY7xQWcPcLPCEt6HzvnOvmOgJ9rGng8kH3WlfhDhLwE=
','7:b62d8a3d99e383ed04027bdd94be0b694481dedb9e643e10d0133bf7d1f5866d,7e9146d0c60e922a251816c3a8f69e9224f6db6c813e696fa48878d1b024aae1,bce4bd3b10e180d66ba209d8f3d04ba8af71e1479622f3e7cecea2539204a45e');
INSERT INTO "log_head" VALUES(11,'flowstate-log/165921611e4da97b
11
1VYSIWNYoKWgO65Fbno2rcJFLktJJcTWXweJEj4RjE8=

— flowstate-log/165921611e4da97b s5PbhLv0YDvsIr4Q/w/wLAmlQwi4QhqrTc47rQ/Cdkh5y19mlzePIvR/+UBC/bKU5EdhGTBrhAkDXOcu4ywz1eZfsgw=
','11:38318b0142a7b8141736766bf65497ad0283f378e3e15ab2a900f0d032ba2ac9,61be33f130d27e76592e5af763b42a3e6853f5a600a6c5ac5f26a97a32a0936c,b751ce99909bd85c7369221051b4aa0a19b30499f1c6dc08195107504df893a8');
INSERT INTO "log_head" VALUES(12,'flowstate-log/165921611e4da97b
12
npg8+ch9VJ+oTFkkYLtN0tpJcXRoe76akuT9VWcgkOU=

— flowstate-log/165921611e4da97b s5PbhD/HDfYhrgPniijGHuEN0cNdypYHLO59c8W9j0czAiCogSCd9fEsMiRSD6UEf08gR4ttM+5q49LN1J5MJ5tPwAo=
','12:38318b0142a7b8141736766bf65497ad0283f378e3e15ab2a900f0d032ba2ac9,1f8e435220bd95b6278f967e08c07fea0a989254ce6f524d237bf5bec1b0443a');
INSERT INTO "log_head" VALUES(13,'flowstate-log/165921611e4da97b
13
x5BEe9QfijsxNCbKMwuIigIBERNPmdSfz9m4oZ5VTT0=

— flowstate-log/165921611e4da97b s5PbhBQONxaECGc3KL8vPYEdw8AhOm4CwUe71CIA7LRr07V8AgSgCrxSpTAsly22m7HLnmvMnY6a3s2lWdO4r3J6sgs=
','13:38318b0142a7b8141736766bf65497ad0283f378e3e15ab2a900f0d032ba2ac9,1f8e435220bd95b6278f967e08c07fea0a989254ce6f524d237bf5bec1b0443a,b1bc5058a6cc8690393d68af198a631e7b3430050b8ce90b4fb709fff2c19f61');
INSERT INTO "log_head" VALUES(14,'flowstate-log/165921611e4da97b
14
izxI5HdvhVb4ebBR8mkp9qfgM8XcZ9bDvdQ7l6kG5iI=

— flowstate-log/165921611e4da97b s5PbhHI9L5a6yCrGrEF2X8eIwcvTm3o4GjY0yujKQsnMHtdlGgCYeumGOaVPzWSKktkngRkSfmyIipdXJFRu16XnZQI=
','14:38318b0142a7b8141736766bf65497ad0283f378e3e15ab2a900f0d032ba2ac9,1f8e435220bd95b6278f967e08c07fea0a989254ce6f524d237bf5bec1b0443a,6651e41406e0ca6ccc4f7f0ebf00c837d8ca28ba8e3b28f6142e3cea225c9228');
INSERT INTO "log_head" VALUES(18,'flowstate-log/165921611e4da97b
18
BPvaIbHIsGuI3nFGU4eMjkuGfsc0QGJweA0NYJyjZ7g=

— flowstate-log/165921611e4da97b s5PbhMefMJIocAYDXFwLAlC7O8agHSVjn6UB7KGmF34tuzUGx7ULjeOx58Dx64HAnw5I9KhsSoKflnMXMNP/7dFdnwE=
','18:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,3b89794a17226d709b790ee3304f7c7140e0761deeff96e8e97b8cf2474f5a34');
INSERT INTO "log_head" VALUES(19,'flowstate-log/165921611e4da97b
19
h8mQtJLDQs1uKKYQ2fnEbl3TMYxkis0xFZXgonyQpvc=

— flowstate-log/165921611e4da97b s5PbhCeKZSrCzxHQo2JqLoqeB3mWW826Y28blkNeRR8Qa623uJ09lk4lbFxNAh8QP+JkaMR8jpzQzRAIZ8x1MuQQIg4=
','19:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,3b89794a17226d709b790ee3304f7c7140e0761deeff96e8e97b8cf2474f5a34,3460aef6ebba63c2006d3f9e23a253b74480d47606fc6fb693317ac5fa661040');
INSERT INTO "log_head" VALUES(20,'flowstate-log/165921611e4da97b
20
txCdwZ3LLJrg2/p5pjywvFWPg52cgWe06eJv6sTqiUE=

— flowstate-log/165921611e4da97b s5PbhOx4hFCldE0ZFWwCCvkNUfjnYwYmgar2y5c7UHoWJDnHZrFSaa7qhNdxbCFBwNKZs0rJI/DjfCJzhgcna2To6Qo=
','20:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,1de62f850d09164b48156c2a7a59782be428aed169b97db5a088326df79ad7d8');
INSERT INTO "log_head" VALUES(21,'flowstate-log/165921611e4da97b
21
EYZ4cPAwbDnuxHqwK3LykboZkBDDVx5MmzPVJHauNxo=

— flowstate-log/165921611e4da97b s5PbhMvWKW7sUb3Fss2wNTm9WBZ4bHMXG0NmFfsvCN7sY9F67ZeiVNucR24nDsEkRJn3qUedAa1w0rwjfnvMp5aEXQw=
','21:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,1de62f850d09164b48156c2a7a59782be428aed169b97db5a088326df79ad7d8,d24caac4899ee3c0ccd57285368f2f8fdf0059bb4dabaf36005449d3fed2ca0c');
INSERT INTO "log_head" VALUES(25,'flowstate-log/165921611e4da97b
25
eEQHsAlkPrCXKqjAXCggWj5//sJ/TL0xH6UNJVPVf+Q=

— flowstate-log/165921611e4da97b s5PbhOtbljUiHceOl+bMCCl9s6JBCUMzf12gSNSG+m1q0+cAMgTXro7c9NcEz1aQXgncbGD4Z90gxhaZTmDX3ltGlwo=
','25:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,9098a02e439c74b46a6ae3928f2c5bd0176c5d5553711d78face268f79a2ff90,13113423d9149c7a23ab13795eb64432a439c5a07210dd527d8f2495df98fd41');
INSERT INTO "log_head" VALUES(26,'flowstate-log/165921611e4da97b
26
AWqU5883vZzQaj4zMYBhJN47h9g6y3wPonaZjzTJvhY=

— flowstate-log/165921611e4da97b s5PbhP93bDvJ6xs4YR9oyFjjXI1F5o9TYcp+KYgyINSFBaTI8D/V0qeaQD1gJO85qSeoR6mtS1CtrNgTt4raDHBtBAA=
','26:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,9098a02e439c74b46a6ae3928f2c5bd0176c5d5553711d78face268f79a2ff90,0a8167dcf8f685a46c3aacfce8d461323677bb2ec55a251ce4802aa20c568240');
INSERT INTO "log_head" VALUES(27,'flowstate-log/165921611e4da97b
27
KWrvLpm45WWZhr1P0qqM68tu6f8QLSN84U2Uej7ktE4=

— flowstate-log/165921611e4da97b s5PbhBmnyzCxoxGIafJeTpZ2UqZb5fa5Aa62MkuTQzPoj1Simk3vL3pFx960eFhNuHW0542oD/LYTjLytyfconSWfgg=
','27:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,9098a02e439c74b46a6ae3928f2c5bd0176c5d5553711d78face268f79a2ff90,0a8167dcf8f685a46c3aacfce8d461323677bb2ec55a251ce4802aa20c568240,120f129f27ce3850d989ab58111bf0fb1abe3dcb1feab5a39e14345beee24265');
INSERT INTO "log_head" VALUES(28,'flowstate-log/165921611e4da97b
28
53Dr5Iff25Rk9R7mmZDPV+jTZulUXGszJjieqmpCy6M=

— flowstate-log/165921611e4da97b s5PbhMWnqcdI834PliDt8GWAz7KMvn4IyPnKx2pW1fwUIe2pW/Ob8e1FLSQvWqTDzSxEfEO1L56YjiBHPoZqidp+/Ak=
','28:5f0bbfcdc2e045a2fea1daaaa829b24dff2676f308d3553a9321c745279cc148,9098a02e439c74b46a6ae3928f2c5bd0176c5d5553711d78face268f79a2ff90,f9bd79b9c980a98dfe701a40754bb874144e88b10341fe327a3080e8b30e1b2f');
INSERT INTO "log_head" VALUES(32,'flowstate-log/165921611e4da97b
32
uTT89vMz2G+OCxcdrr7ixHnSMZT071zxtvwa6MMcbxg=

— flowstate-log/165921611e4da97b s5PbhAyU7xiE4S7CqtLukCQNowjTc0Utazn3XfGCcbXkrOvWBj97XUFjknYqGkBCwAorqso6ks4J6PY+65nfmh3hbwo=
','32:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18');
INSERT INTO "log_head" VALUES(33,'flowstate-log/165921611e4da97b
33
0zGfSSRbpHW80S/2BA+0TcVLEhPYwQdJSwbMlax0GDo=

— flowstate-log/165921611e4da97b s5PbhGFI4kIJyjEbw552DKKW7FQV5gcKNroAIVGcpTxgdoMEmOnAwP1dd1v+Bzb6+3oCJgaA5J6RWXBdTaKkyjMGIwo=
','33:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,9f0ad788227c39dd43f7e5191bd80adf3e5a31ca6d0781588e890ab4880fb4a5');
INSERT INTO "log_head" VALUES(34,'flowstate-log/165921611e4da97b
34
42LWZZVD06CEwrh3WgwX5j0nn4HacZ4J/4e1mEUypd4=

— flowstate-log/165921611e4da97b s5PbhJxu4ldBfuZKM//J0X66fd0aFnQ7IkpU3Jijc2ZLCKbUC5IRyBcl1+sszjow3QD5p3pnZCA8+7qsi+LBs7Gx3go=
','34:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,d0447c7008224b6c8a66af4a3d4e55d626548c7c2588246cb24c6a008e023c02');
INSERT INTO "log_head" VALUES(35,'flowstate-log/165921611e4da97b
35
THZZCElWVZF5Q/CbyS817v/9N9p6BiIUvmcYobgcmF4=

— flowstate-log/165921611e4da97b s5PbhOOPU4d6cSzYcla9ElBxGWmxU9yMuj9ZF14DaVPR5I4d9w/X2FpM2gilxKrMxUg5j/Q685c3+dFG5qwkaG4MTwk=
','35:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,d0447c7008224b6c8a66af4a3d4e55d626548c7c2588246cb24c6a008e023c02,75e124a95ebf76063201d4841b197580bebdd12730a86e79ace4a4b9d6011312');
INSERT INTO "log_head" VALUES(39,'flowstate-log/165921611e4da97b
39
gs4Wb2co893THIoDFrBAkjTzc6khqk/MVIjGTZNIAo4=

— flowstate-log/165921611e4da97b s5PbhGw5Kw8ksA0hK/PqHRZR/lyy5ZEOKr9V6j64gREz/si6hBPxHRay+4jkprcYvUNqdCjFL6Vayu9uFOLtay+CKg0=
','39:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,9e71983c65853941cd762e5db6bb3b091f8695eb6eee4ff3fbc49c5497210d4f,97b43669e2910925b7f26e1a97632693a1d1333a23bc79add3de098c8007fd26,b3dc6b00f2959e9e4cbe5d741faf6d96ac75e21da82ea043bdba680b582c680a');
INSERT INTO "log_head" VALUES(40,'flowstate-log/165921611e4da97b
40
Vcknpgl9rgXATKZiNI/UCMigFDc9Hm6LtRwom4MCCWg=

— flowstate-log/165921611e4da97b s5PbhCvrSfK/0rkDrTgZURDlD47du4LwaMDXAsgp8Zo8qprmHqzyZojII+TIHv8UlJUU5BeoKjRf8fki8IiXrpGKYgU=
','40:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,9bfc516372a384cd7d96dc289358c3b54496635c3807c89453e02e6527a27ee3');
INSERT INTO "log_head" VALUES(41,'flowstate-log/165921611e4da97b
41
Ga7aOeQ9YUVkExC6zZ5pQm+nB/nzgIpYFFTwQ9oAMfY=

— flowstate-log/165921611e4da97b s5PbhNZhZ3TXC7IMgxDh9P40b92vjeoOQLNoge188WiCpH289uKTOr3N0R5hn3bMJ62cPAvH3P7A7VpwbCaSMd3Q4Ac=
','41:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,9bfc516372a384cd7d96dc289358c3b54496635c3807c89453e02e6527a27ee3,fc381d64b582dd54c1c60be9bca06b21ba08ba361f3ced8228be742df78d8b0e');
INSERT INTO "log_head" VALUES(42,'flowstate-log/165921611e4da97b
42
r6hg/zw0Hs6FZNzc3aIKxAvQPYmRQSwIDUjlNMiCMGs=

— flowstate-log/165921611e4da97b s5PbhKXvGdwEan+Ca5l7aHajFTrchJYiWxOHvP+PrkBjPiXSOhf7pETDttxaTyLW/IqrKCkEDp4V+o6bkFrXlRacKgI=
','42:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,9bfc516372a384cd7d96dc289358c3b54496635c3807c89453e02e6527a27ee3,a1ee7c235e7bd6398d0bd60443bc1709c97152a1182ba417fe424b9c5f5099be');
INSERT INTO "log_head" VALUES(46,'flowstate-log/165921611e4da97b
46
i0MM9lHLFTfw2Oc/o7/a5hv6E9FNzSdXWhx9PSiki9s=

— flowstate-log/165921611e4da97b s5PbhNXEdJPkds6UBI1O2ixfjyrqF8aptMUGAhOfXCRMW40ObkbwVgarrqxDymx7hFUlTM8HOhyE06yPx/XL2CAAdww=
','46:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,9bfc516372a384cd7d96dc289358c3b54496635c3807c89453e02e6527a27ee3,19ce40610497c3af575d6eed42efd7c180baecfe6d4763927d759a80a471d125,e26eb3935784f64dceffab5c3cc2ea4e1a7689d0ca1a8f6835f02425f8b54072');
INSERT INTO "log_head" VALUES(47,'flowstate-log/165921611e4da97b
47
o/PUPkCz5uuXsgA3V15z9AiRk7q4s97JOfn2aTjguRI=

— flowstate-log/165921611e4da97b s5PbhO/qNej1kNvSjVOfmizQDOZQle7aduFoGd0EkZCGUQTblHlKRdm3gIksTCb6FPwrVyhd3GFL8TDJfGqUJKvqJwg=
','47:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,9bfc516372a384cd7d96dc289358c3b54496635c3807c89453e02e6527a27ee3,19ce40610497c3af575d6eed42efd7c180baecfe6d4763927d759a80a471d125,e26eb3935784f64dceffab5c3cc2ea4e1a7689d0ca1a8f6835f02425f8b54072,0ff99721071500c5a4a57aec182bf777b5b04ae89399adbb1fe83a9a6c5652b5');
INSERT INTO "log_head" VALUES(48,'flowstate-log/165921611e4da97b
48
DV2jJ+EnUHt12m1OG9LaDW9C0Hzm3vwoJdldWazlJSo=

— flowstate-log/165921611e4da97b s5PbhKXfO8vf5I1yso915fFg17WsDBoxYB7aFg1nc9RrL1e+3UW6UEC84YduVdga95EkcKTFOyd/arP6Ggef6NndFA4=
','48:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,3b6662b65a3812af2a208174a9bdd7769643b080900f7dd77b0f4b1b0b569e12');
INSERT INTO "log_head" VALUES(49,'flowstate-log/165921611e4da97b
49
1+7XfSeVECiF/QQrcZ8y79OO3yFx+phgrUDY6KtZBM8=

— flowstate-log/165921611e4da97b s5PbhIDftg63DeY2BofwTmFLeEpDxnG7++uViZ+RpuN+2KH7Xd0g5+xOu1l05GiAxNjxDQifCtzcFSjpkwpegpeYWAE=
','49:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,3b6662b65a3812af2a208174a9bdd7769643b080900f7dd77b0f4b1b0b569e12,7e39193982fffc200d1fdd32483e3847babb29e2d5c3ea13881c9fbf66c97b05');
INSERT INTO "log_head" VALUES(50,'flowstate-log/165921611e4da97b
50
XU66GWU5iQkCUyvkjvaI4yt/2BXnFOVHZ8AEGruOmPY=

— flowstate-log/165921611e4da97b s5PbhCYWqplGt9jvtqNzsQMmf8mpQpRFGnFO98zEYKbFbEo2ncu4D0Kjxi5enxz5X4MA2/7V2PjeL5uHoWPmttCArQI=
','50:b934fcf6f333d86f8e0b171daebee2c479d23194f4ef5cf1b6fc1ae8c31c6f18,3b6662b65a3812af2a208174a9bdd7769643b080900f7dd77b0f4b1b0b569e12,36103f43f9afb75c9b7519e6ade62f342cb07799c66742213774b9ac67e91daf');
INSERT INTO "log_head" VALUES(70,'flowstate-log/165921611e4da97b
70
SNeOVZ2aG9HhIMKLC12JEqKl3TtX3s/TbTmIikThm18=

— flowstate-log/165921611e4da97b s5PbhBt85c8mdEOi5DcSEckptL5ow/5eDyJb+Yoak2QJmjySIU94Otu35GcOQ9aR8Yyzd3MSXjfADb80QM3tp6cdbAg=
','70:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,cd5202fa9b863d1256db295340e35c63988c795c0b70a88c3714e7d73fd62d31,6e552255388034933760ba8a10ba37327bc174f0ec2f0e185814977599783044');
INSERT INTO "log_head" VALUES(71,'flowstate-log/165921611e4da97b
71
d27pszIUYLD3oxd3NDMCRbW9wmGNmPPEVSyqsGhedtA=

— flowstate-log/165921611e4da97b s5PbhJS/fDouYUIClSQqghemFfHOGJ0wOxBFqaV8v/mYoXJD0bnjs1bcLTzXM2zK9sKqf95XoKvXEk3x8e+Blpz54AQ=
','71:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,cd5202fa9b863d1256db295340e35c63988c795c0b70a88c3714e7d73fd62d31,6e552255388034933760ba8a10ba37327bc174f0ec2f0e185814977599783044,d277740898002f01bc3e91201d391f9abbc784a45e62fbf1cfb551f52d90f761');
INSERT INTO "log_head" VALUES(91,'flowstate-log/165921611e4da97b
91
eEedCsqLxCEVbJMvNOaTc8li0H3UFKZS5WluNT7Gdkg=

— flowstate-log/165921611e4da97b s5PbhP4KmDLYZ1iOzzW9ZOsJ1TTPFt/FGGEpRocOnlCo3rn1MkNHyk3TAcmyHi0HKhnJHoZrVJk6tniOA/SJCRjYPQ0=
','91:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,e7f8fb87102b6ebcbd21f83e17332c08768a3abe15618c8b3a1d52a05f9770f7,a8bcc2bdc895b1cc0e81ee18a46165ffa738a3b70e4a3f4d583f82be43505289,d08462acdcb700c4b35491ce3043376e1d2b87695a2f70b8f6b9cf6eb38d08d2,e22d9773fde343b8cd851f5c7d7904a78578ce704ba9a29b8ff5decfcf7ab187');
INSERT INTO "log_head" VALUES(92,'flowstate-log/165921611e4da97b
92
amY1km7ayYFbdJ4euqKeWez+klH+nKMJb0fImDCfQjI=

— flowstate-log/165921611e4da97b s5PbhC/ChO5T36+ekVUKu9eRxOlult+u//aQHSlqF032IdZ1zH11pZxMH7N77VzGQYlkmFLm5fSDIaI1WRVBJzLsuAU=
','92:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,e7f8fb87102b6ebcbd21f83e17332c08768a3abe15618c8b3a1d52a05f9770f7,a8bcc2bdc895b1cc0e81ee18a46165ffa738a3b70e4a3f4d583f82be43505289,a313fcbc9f14ff59b3cf2cb4fc9cb7983c5c1e3370553076435f4b0dd8154fea');
INSERT INTO "log_head" VALUES(93,'flowstate-log/165921611e4da97b
93
09NFxYlrw74jWcYRtaogxfb1NS4iRROmrMqMu36qIO8=

— flowstate-log/165921611e4da97b s5PbhCTgGLUZkq9Fi9AbqGk9JDigqz6UVULan55jlrKlmGw9mWPm8c3xePGnJtXj7umiizgmnxBF9qrsy647mIFiswk=
','93:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,e7f8fb87102b6ebcbd21f83e17332c08768a3abe15618c8b3a1d52a05f9770f7,a8bcc2bdc895b1cc0e81ee18a46165ffa738a3b70e4a3f4d583f82be43505289,a313fcbc9f14ff59b3cf2cb4fc9cb7983c5c1e3370553076435f4b0dd8154fea,073f0a384c680abc6a62c95d5c6b5a496ea7ab17a4567b1efe375fd344760c06');
INSERT INTO "log_head" VALUES(94,'flowstate-log/165921611e4da97b
94
LcudpNInwtzG/yjlL8LypfC1Q/bzolIsreKxm5Rxsj0=

— flowstate-log/165921611e4da97b s5PbhNiPEqD8WXprfgmyjgPhmH2m5Q43FQZpLfFBiB8nYQ5HIqyktcdtTyGoUrWhcM4XckseZsTzkudQSexC7RW1uAs=
','94:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,e7f8fb87102b6ebcbd21f83e17332c08768a3abe15618c8b3a1d52a05f9770f7,a8bcc2bdc895b1cc0e81ee18a46165ffa738a3b70e4a3f4d583f82be43505289,a313fcbc9f14ff59b3cf2cb4fc9cb7983c5c1e3370553076435f4b0dd8154fea,5abe23dab27bd8e684c8e4e7f7fb305442793bef758951f15065a13896a145f3');
INSERT INTO "log_head" VALUES(95,'flowstate-log/165921611e4da97b
95
KbgUJolpwpaEee2MxTFSRaemUwRp1qmZnUQVyRXAqbg=

— flowstate-log/165921611e4da97b s5PbhN3EJSdFZceZ0vlH7yOnJR//DexaYZl+QmPXGblj1T4AkIbdBR2tdM0SLrVQwHwiiZ35SiPOMlQtrDzWVixdkA8=
','95:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,e7f8fb87102b6ebcbd21f83e17332c08768a3abe15618c8b3a1d52a05f9770f7,a8bcc2bdc895b1cc0e81ee18a46165ffa738a3b70e4a3f4d583f82be43505289,a313fcbc9f14ff59b3cf2cb4fc9cb7983c5c1e3370553076435f4b0dd8154fea,5abe23dab27bd8e684c8e4e7f7fb305442793bef758951f15065a13896a145f3,d7f7117bfb02eabfd5e47488348bbcbf9be504399f4743545a99d7568c68090d');
INSERT INTO "log_head" VALUES(96,'flowstate-log/165921611e4da97b
96
wL3WgNu7WQXQCF2wDekvNo8/s2GKY5Ukpt4CAfmApZ0=

— flowstate-log/165921611e4da97b s5PbhB+JpkHI89UHYUCFG2I4yeylDYg/jzyKTj1WaFbz7yi81cWeKWkMbm2S1H9e6eRvT69MxF5aHlViffmXLBv0zAg=
','96:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,38a20d50450e5ffeb286c893ea741651b6b1260b4db0c9bd7c2119853fd60eee');
INSERT INTO "log_head" VALUES(97,'flowstate-log/165921611e4da97b
97
ywL+LngMOmiDfNCHqGvvpOv3dLrR2fUsW7EHC3mpDR0=

— flowstate-log/165921611e4da97b s5PbhPT3VoTxYT8Ddr75DdpeTZ2rZpuniwpJK+Ql83L+vWSJzXSL3hZ3zW00seIeiZQvq0UZuj6hXTz9sq6UUkesNQ4=
','97:8ca711e5b9aab831aa1e6d087dce880a1140ce59e98562ed697ba518be781ab3,38a20d50450e5ffeb286c893ea741651b6b1260b4db0c9bd7c2119853fd60eee,9c7cfd110e7ade763058b83318a4e9e30cdee9c4c083eac155a44299947bf72a');
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
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-1','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-2','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-3','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',1,'tenant-4','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-0','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
INSERT INTO "privacy_event" VALUES('run-1',2,'tenant-1','example','add-or-remove-one',4.0,1.0,'flat',0.01,1,NULL,NULL,0.5,1.0e-05,'os');
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
INSERT INTO "refusal" VALUES('run-1',1,'tenant-5','budget-exhausted','v1.1.tUJB1k6EACKDwuBp23ChY2tnQUQSBK29qnfG/x5Z','v1.1.Op85rw8coAOlaLPPcS64WoTr1LYzyd5yRpgTDPYXE9vyjk7S1L5OrONuLdTJ84Th9SVGlw9wUaYb0tL0kyOsWUVHzSkjfob9kD+zHwshy/tlk/xibhcMGVWt2Bs4DkIlrBjwWbshAWUT7Qh3KL6tXNhtEDpUlhBvEGL8alx52Eta3bxQIA9TZuOTVV+BujzrSNptTutVq8l9tFQT8Ow6bXlL5cmpjAjS6aszcD3LAHMQ0QixnTXD/ks01kzVPeAFUclpL5Frisbrjl5AD5tSLyFB0yDYNMWt05D3SMHHN4j01u0xbrmF2b1MV64N30MsiPtjMpNk/S4XLqkDyizjA7UGoL5WF9Y2Xpw1qv1ZdVMR51pnFQiR27+CgMekDFm/drTFC3BWaLaI3f/e7Y2X4ZnL9CtB5l4ZSyltWYUQ0nN1lVZhtq5UpFasCGRx2zbXbFeN9OM+3k+RqUjwaU+v3xChaEiWX4mwKibC+WsQVoBG+EebXoj0z9HD5D416cqUAQuiYh+2MF5dVy432BvbB7hTbvi5uO9708/tSmMchyjVrLOB+exG0HSxJClnJFg/+zADqcu9P3gvwsimwlUA7xx2MPPl');
INSERT INTO "refusal" VALUES('run-1',2,'tenant-5','budget-exhausted','v1.1.4Hr1Z6HPncNfyHTU7N8Pwq5XSx9E5WS+1M1+6pKJ','v1.1.8BDQf65mrZXy4RZvWgrQExSj4ceNvdqMnH90VVCxz+wtiU5tXujuLuaGfc0AY9+/kcbvrNJ+D38WlkUwOC8u4Zqv4hBaeGZxo9IFyttLRveaa9885XuSS7RA1lK57qmZJkXsEHMsJvd9OSoakjZGiRl6bj2jkaJNhWf05FJX1YkUiXKaUanJ4cnWBnefIOwidOXTWItdmYSr3sW4Bh54ggIYpUUNH2mxkoHCqz3Y8M2zuBIno1KGUUt51RjwxVVQPZ3Q2Nw4iHo5ww32RmWC4V4mlM6s3G7Viz5JC5ImBlB4X8hSWZkPOO171ZxLfz6AxpcQ4AnxZtCT19FZO2hY17tBFloZV5VnFTphPZo1EswiIaVyIXTDHMTiqk9JraSPwVcYjyKeLgGCu01hQdgos2HPJhQHMcF7JVGuOk8evA+0fWEJcq4bverHNnwQvuOLEoC7OWiTbHk/M96wZRZGYNYeqfD3N7J3eLO/tnhIieOSQIRui2vojNnF0PY+cG1bjDBB77JbAtRQUUqkM+soe6kHwD3cdPjsIkoUUzOGEIJmEJfjIT/d48Z+HzFvAziA3gRMqNEs4k+xDrNyz2Y4BymG3UrT');
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
INSERT INTO "rejection" VALUES('run-1',1,0,'1007','tenant-6','not-finite','v1.1.SO/FTg8p/PMm7IJ5PFuKHcEGen1lM18Tu5FKLkppaDwB6O2OqO0=');
INSERT INTO "rejection" VALUES('run-1',2,0,'1007','tenant-6','not-finite','v1.1.8G2pTstX00criblWFh+tixZGnbU1UrhaFWktdCDp3A0+fZTKL8E=');
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
INSERT INTO "round" VALUES('run-1',1,'aggregated','','85fd9bb0dc60b1587286bb58097ca7fa0d92c303411715b63612a5040a4828b9','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9','2026-11-28T12:42:32.449386Z');
INSERT INTO "round" VALUES('run-1',2,'aggregated','','4bc6759f4dae73534f27e985231a2c664e30392470b8085310f13a3f7f1014d9','6c6f7fd35ed420588c5657cf9a850bd27742a181b566bfed7c97477ec954a7b9','2026-11-28T12:42:32.535318Z');
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
INSERT INTO "run" VALUES('run-1','research','median',2,2,'0000000000000000000000000000000000000000000000000000000000000000','completed','2026-11-28T12:42:27.737778Z','2026-11-28T12:42:32.643589Z','1111111111111111111111111111111111111111111111111111111111111111','');
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
INSERT INTO "settings" VALUES('tenant:tenant-0',1,'tenant-0','{"bounds":{"largest_clip_norm":null,"largest_epsilon":null,"least_noise_multiplier":null,"most_rounds":null,"most_steps":null},"quotas":{"bytes_per_day":null,"messages":null,"model_bytes":null,"nodes":3,"rounds_per_day":null,"runs_per_day":null}}','2026-11-28T12:42:32.595491Z','operator');
CREATE TABLE tenant (
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "tenant" VALUES('tenant-0','active','2026-11-28T12:42:26.525933Z');
INSERT INTO "tenant" VALUES('tenant-1','active','2026-11-28T12:42:27.363405Z');
INSERT INTO "tenant" VALUES('tenant-2','active','2026-11-28T12:42:27.447763Z');
INSERT INTO "tenant" VALUES('tenant-3','active','2026-11-28T12:42:27.515945Z');
INSERT INTO "tenant" VALUES('tenant-4','active','2026-11-28T12:42:27.566129Z');
INSERT INTO "tenant" VALUES('tenant-5','active','2026-11-28T12:42:27.624154Z');
INSERT INTO "tenant" VALUES('tenant-6','active','2026-11-28T12:42:27.694969Z');
CREATE TABLE tenant_key (
	tenant VARCHAR NOT NULL, 
	public_key VARCHAR NOT NULL, 
	use VARCHAR NOT NULL, 
	added_at VARCHAR NOT NULL, 
	revoked_at VARCHAR, 
	PRIMARY KEY (tenant, public_key), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "tenant_key" VALUES('tenant-0','9f0e240a211909651e3f625b9a409469af1831d9b6d28d608ae2ae63d3d8dbd0','signing','2026-11-28T12:42:26.525933Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-1','46401fd750b7ff8b49f6519ab3374140cf014d6067a4eb11f1085389804d24ed','signing','2026-11-28T12:42:27.363405Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-2','fe747c677e82349db3d1ebcdaf89ed4da8a2a97c06ad35164fa03528e6d3f799','signing','2026-11-28T12:42:27.447763Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-3','8ab6767342dff1c12f6fa090127b31e86a295b9e52b37723970981c5275ad9e9','signing','2026-11-28T12:42:27.515945Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-4','4b045132e39bf410a86a829fad7ffcf57b9efcf94f699f984519bcc03cb3cac0','signing','2026-11-28T12:42:27.566129Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-5','2d7a33f1a1a0b12f01a4ff650a7973c1f208849a081b87b5c46b83e0832087b4','signing','2026-11-28T12:42:27.624154Z',NULL);
INSERT INTO "tenant_key" VALUES('tenant-6','3441b38b1ce4786853813ddf6486744d248cbddd61cceb31f46e595be13d572d','signing','2026-11-28T12:42:27.694969Z',NULL);
CREATE TABLE tenant_request (
	tenant VARCHAR NOT NULL, 
	received_at VARCHAR NOT NULL, 
	envelope VARCHAR NOT NULL, 
	PRIMARY KEY (tenant), 
	FOREIGN KEY(tenant) REFERENCES tenant (name)
);
INSERT INTO "tenant_request" VALUES('tenant-0','2026-11-28T12:42:26.525933Z','v1.1.Eee7HMPFG4vNkR1CUKXVNLtgfZ3fPyT2cD8GtUPCMoOFbhSqGaL2J9orZh7AaJ8C0bNll1WSxdx9CvRUOaxGAfvKOzcWiJ4848YUaXZ+1xw4TnejqKykABLYFWKyrDtBJ958G7H+ALhrjMdUpbFouxPI5lZmXvjg1KEuDZ2gBZuCc7eiFe/PHKzRzDw0nyoAOpzBDeg1U1LEIkAlrcqUyYDkaNChcCrYtX6CV64AEtXYCedGN84V4Ctjqmw1SOvmeGsp9ECiIKGnA6eQWnowodAwe93t+RFW8oRmzUS2iF+0D/tYba2Qw1KpTi2RVotx0MO0gRWlou+7EDJHMT9tbhZ4lDnwKGdisSnORHAI9kQjGOLriScf7MMH3C4nyigbjU/g++bQprNAGA6QuyxrLv9f/aSL+1YGcD6alJeJkG6dpoa5gBCoGMJxOaU0GXMfRdBLC8F5bEe3i5jc/TVzr0n0owW2LzbF/NsxKDRybJqOlICCT35tF1fImpnRNxCtEaS9hSq9z6e5PhScKDHZCfjw6b6ZY29ptraESLoB4jZgdMlWKuP0tfPy2qnmWcsAFKCNcgBE83GLMRzbF9K1FzfZvIy+5bphwaBYDp9FN6q3hFH86U0N3Yk=');
INSERT INTO "tenant_request" VALUES('tenant-1','2026-11-28T12:42:27.363405Z','v1.1.roEQxEYa3vImKtY6hxtnP+2+v0EXuuiH09Ln+0V0XVRjrlrWD9DsAfodEpm0yzOZHGMG6Exq23DrWA52TkuAplyAqhcLXq/fhOFDX4B+X4m7urRfTfJ2qfxvjLNuE3D9P7EVPmYF83FOwaYRlpHSi7oYzuzxiAIbfy+dUTPUDhey0NAo+yLnovWbU/ekxZ8eFZYq62218U4X2ZLUX+7UrRqDmv+xQZP0PKu0kSGKN2D0IGPhvRXJboqhCEau77wGeYrG9JFUiAny+HQycX6/bM3M8JKdzY1Ow+KOl5SuYjUH8RCov03M8Bvx11+teYpPy/L1Ng5akMF+aKmHf5KpjUksyMNA6MovtzjBtRFqPIbCTR0G/AheQZXZ/Q3Y8Nn1CVH6OBZ3trWK6BNQAeQrEThLErEpBAhDL4l8RXYn9QuGB/GTxqeB8byExwpS8El/VxuBDEEMY7SrkKyXXMMc5QQw6Imfmt6wv6e0/0JFkqBYiS1fzybvQdJ+IcyMShvFDpUnSkS3CjMqMJUSku7Ox7H+gGpQeizZYM8eCXN1f8jm/88yB1BP8YbNeuP6+hrpDPpGZYoMWWKDZqRWq/PPafmGzppdMZ1B+QOXIezuQDs3BpKHF0uA7pE=');
INSERT INTO "tenant_request" VALUES('tenant-2','2026-11-28T12:42:27.447763Z','v1.1.MlJW1C3uw7tEMYtf+lVQhVOJsABdQlsieJ9+8NnDNDmTBhBcbEQMUH56MdYqcEFqBkzCcFztMOCprTF+buQ9vyP3hb/fMe5h+TVAXF8awWe8k8XltNoOzh7uMDEKNSOlNjEE110MujULR+NJFuWWlNdNm9N+s9ZgCoOTK/a5ZMoMF5GGL1Pyi5TjLHd1sYS84iQ3hGsk7tFUn4pVj5Gv40LhaltQ/hUsLGkJOTdk4s3+VSyuJZtWqSeoW0FLwqaZctEyeL00NnWQ8I2iMoSGtAny8AG27yRqFWNwhOPro4F1FZkEcE0fABxFobBBPfsWwWejXolRxL7vct2EG3Ma4TILMIwZR4hQgxkgBTs0oCTx0YubFgeBiWQbxLgja1FvAAe2XirIms12/n5ne+zy90MrxJ0E40Tg8DdWW9Htx63IjHedU5d8L6tfFGyn1dRHurRKtcM++XoSmofQvSXXT/FhL8nw95l3ojPGK+v2Gdy8UWJKBnsY0Md1prPLQQDzC85rLFPaYiDzS31ETHuIdky33nepwnnfRBpb8LVlOIBuTZSqO6ypyz7spqxulYSRhQkEYWQMBXeCes1m4gqP8t5uo3TGlp4+J9qQE5p4KMVQTmJM5moLNcI=');
INSERT INTO "tenant_request" VALUES('tenant-3','2026-11-28T12:42:27.515945Z','v1.1.SBtQg85qM2mlTMUAfZr4UHPhT40t8BKs6Og70W+Emz314Pz3nSxLvkcOUgs2n5rHy66kNB+CTGHIV6+kXIsRQaqTsHhttP2Bca9eB4sayCFgjn7RCfgh7NQt2c6jVJ51GV3K9827SoDr5ebO6wyPH9sPu5KQQ/VqLALw7q/cJnd+ltU9BknpQdCuq1vFqiOzSM8bNnb5Zs9/XbcExW+IFpWNagFcnsKsEMD7dB7lAy6GhTUnx3N/r4dJGecpBP07LwfuGXnkIZk4+WQLBPOzSlJUneR1Zwf2qI5eqZf6m/e3RbqEfzHDVnVHNOe2XkzsfJnAHpK6orf8J3nswWv/bUCi1MD2Cbir370JjQc5YblJfBTUebr820Q758M0GecoHpJuQucUvKTFT0BVCrKns9ip3W5KN5pG6QnF7Jl5yJTWgsUVV8AYdokFG2wgwW6GijCAKBNq2pesyLpyBOXqNcNpE3sAETyDiBaBePgazDnUWmUI1A05eQQGpCKiZ+ZHQc7eiSKNRKZIiaOSCO4VMlaiJwvbs2JjyII0HB/rSqHWeiNzUojUKbKg6UVQOJB9DOO3Y1sq6xEwF+D21XsC+iejk8dz2ll4Rk8coWIEH+Eph6nO1K1WEZY=');
INSERT INTO "tenant_request" VALUES('tenant-4','2026-11-28T12:42:27.566129Z','v1.1.NmvPR3KXN1jq4jrlzBr6ltrSNH/YxDjWJcdstsVw+XFnCbUMoMUJWzclmK3pjVOvUk3+EuxlwHZF9MMQcnNW2kNWPiqe3cLkaFS4b2txjOzASMwqAywbA7iy0alkn7kieDATE+lR+cUs+XOvD8uI7wWkmThY+DqQyLdw02Wweutiz/a9crXxMYwxtgPLp/1Ri+FgkZRPv5MpsFfddmBqNBPaB3LnZrC/jrlYo4Ml5w07MQCWYXSsy93zZguGgaLRTbPuan0zosVCOa74e26DXJHcu+2ZZh0NXe5fsT4CNxMPHnqzqDAeVfWekTFbcDoMoEjoJQnU8mKjIorU5CmN2rMtBjxwxPCHAl80vQjza1h8Kf/5dwV8CFhmyh+gwsq/yuOB3p+8XNfNxCNdlypfWdYm3WWIYkMjvYv2sGRTO7E9thrPFH+JVxhSCJTPMTXt50NvxaPygqfgN0kE699CMLMDyNMK2No3rw/5EoIFuDSCHUaSP9LHobqQUk1USOppHDHLk1wgsuB1b33yxVOJ79/l11vnizdyCg5nzi8+d6rUHgR+uyowGC8XUkD2bKA9pukzYht26tEp6uvqBe4f3zDHK2usnWIRz1u7tt2pW94uABFUYIzVYzA=');
INSERT INTO "tenant_request" VALUES('tenant-5','2026-11-28T12:42:27.624154Z','v1.1.zq0yAI2aFVLJ/LnGuGBR7oqeZDlXph+J0ADIG9qLq2L9Sta5ARCyR9adYKPJaG+KomlfxSP/FiQGV5lDsiBKNS8QFqid7rolWQKyXbLj9cBKTVavSr7O0Ux/8iQhFz0W7W4bIWpF92pIz+1964ZCIyCbOW7Hf2XAO/hdscGtTwbcwQFP8TnX8RJbCk17h7SyXGnAdY+ep123YcugMitRcFh3sKRA2a/ILqm00eQPsfwWycJv78YFrYdx4e8mnykFv6zk7wC88ZJFJFbM7FOOBHBFbECwtcCTH3ifP74qwnwx50uCdK+LzjNF9ika4c0SPC+8t6oyi+tex5dX8ShR2VzZul5di+LymZScO6mQJx6bAwN1VUNU+qYnj0ofzmN7k6EJI8lCOB8Ty5gqe8vsQjFuQsoTohPsBzAFK3vG7Q3uIP4qDAQjJ3D3vcXSX9sw475r86+PkQk3Pk0O44Ug5yqkHR4wWdD1YeNjPL8KZrtY72bfsC1WVvHZI3MBjBmEs98Mubq6go0TaY+MZvDmEWsOL/G7ed53rYSH7hl8ncVf8KOxwAILtoH8ulXz8KeEZiemEvj5dBCXSgUFzLC7Z43gO7hcHjkIcDAC1i3J6OfMsrxWkzPHK3g=');
INSERT INTO "tenant_request" VALUES('tenant-6','2026-11-28T12:42:27.694969Z','v1.1.iqsENlu59s9v2b9L9v1M3oDLxCfXGI0xyHX068q1yCTxo5wxOwwBnUdsqC8dkEkJYDhWlY1tdI/28FQEo/dA7BR17f+e/gXTTYrN2uOmI6EiDrD0Uzut4+rEUWuVdjYauc0d/WARPgp+yBrByzk7rdbU+zmnoa5M5bFJy/rP97ei5NCuMEa2ni9LOZU3AkuHrgre5RZ9d2CPnNT40iwOzUcZluHHVWA2lC2BP7gxjCDPGu+Zb/1pm+4Bdt1G3uUE6sSSrpdyX0ZzXAex9m06ElHF6Whf2aaaM2sT3ZjXc4wGjyNfrm4valuJonhFFoaDAbAloB1yQnL+Rky6FENqxx0Ghxl4W2amdWxU8ztZ8cVxhHblap9VI/KrlsiA0kMwtVDH40M5hM2e8/sfCLop0iflsYdhCyiCxNQ47VJkCQy0yUaJQkzaX0M4aF65uFXF3Js/vG+FKCyXFchAHYy20H85nJ5q3xJLbZD7w4NMayRKcp3X15tT4+p9TOeLCl2TGBPB4GheGrbnKHRJUmnSQtfenocbJimEF7n7hZjSa8yibYatboGxytv/iYSmndALsriFvfqkCAaBMu1YnVDe3RUarApspd5amyIEKMvGP0BVxNVkcRdiEHs=');
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
CREATE INDEX ix_privacy_event_account ON privacy_event (tenant, account, noise_multiplier, sample_rate, steps);
CREATE INDEX ix_privacy_event_tenant ON privacy_event (tenant, run, round);
CREATE INDEX ix_privacy_event_epsilon ON privacy_event (tenant, epsilon);
CREATE INDEX ix_consent_place ON consent_place (purpose, position, tenant);
COMMIT;
