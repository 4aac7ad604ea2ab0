/* One record of each format becomes the event that an analyst would expect. */
#include "intake_help.h"
#include "intake/mapping.h"

static void one(const char *text, const char *basename, const char *format, struct got *g)
{
	read_text(text, strlen(text), basename, format, g);
	assert_string_equal(g->rejects.s, "");
	assert_true(g->events > 0);
}

static void the_table_is_sound(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(fields_load(&e), 0);
	int rc = mapping_check(&e);
	assert_string_equal(rc ? e.what : "", "");
}

/* Who acted, by identity type: name, ARN, session. */
static void cloudtrail_actors(void **state)
{
	static const struct {
		const char *identity, *name, *extra;
	} cases[] = {
	        {"\"type\":\"IAMUser\",\"userName\":\"alice\",\"arn\":\"arn:aws:iam::123456789012:"
	         "user/alice\"",
	         "alice", "actor.user.uid=arn:aws:iam::123456789012:user/alice"},
	        {"\"type\":\"IAMUser\",\"arn\":\"arn:aws:iam::123456789012:user/path/bob\"", "bob",
	         NULL},
	        {"\"type\":\"Root\",\"arn\":\"arn:aws:iam::123456789012:root\",\"userName\":"
	         "\"company\"",
	         "root", NULL},
	        {"\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::123456789012:assumed-role/deploy/"
	         "i-0abc\",\"sessionContext\":"
	         "{\"sessionIssuer\":{\"type\":\"Role\",\"userName\":\"deploy\",\"arn\":\"arn:aws:"
	         "iam::123456789012:role/x/deploy\"}}",
	         "deploy", "actor.session.uid=i-0abc"},
	        {"\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::123456789012:assumed-role/deploy/"
	         "ci\"",
	         "deploy", "mw.session_role=deploy"},
	        {"\"type\":\"AWSService\",\"invokedBy\":\"ec2.amazonaws.com\"", "ec2.amazonaws.com",
	         "actor.invoked_by=ec2.amazonaws.com"},
	        {"\"type\":\"AWSAccount\",\"accountId\":\"210987654321\",\"principalId\":\"AIDA1\"",
	         "AIDA1", "actor.user.account.uid=210987654321"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF_INIT;
		struct got g;
		char want[64];

		buf_printf(&b,
		           "{\"eventSource\":\"iam.amazonaws.com\",\"eventName\":\"X\","
		           "\"userIdentity\":{%s}}",
		           cases[i].identity);
		one(b.s, "x.json", "json-lines", &g);
		snprintf(want, sizeof(want), "actor.user.name=%s", cases[i].name);
		has_line(&g, want);
		if (cases[i].extra)
			has_line(&g, cases[i].extra);
		got_release(&g);
		buf_release(&b);
	}
}

static void cloudtrail_fields(void **state)
{
	struct got g;

	(void)state;
	one("{\"eventVersion\":\"1.08\",\"eventTime\":\"2023-07-10T12:00:42Z\",\"eventSource\":"
	    "\"cloudtrail.amazonaws.com\","
	    "\"eventName\":\"StopLogging\",\"awsRegion\":\"eu-west-1\",\"sourceIPAddress\":\"192.0."
	    "2.7\",\"userAgent\":\"aws-cli/2\","
	    "\"errorCode\":\"AccessDenied\",\"errorMessage\":\"no\",\"readOnly\":false,\"eventID\":"
	    "\"e-1\",\"recipientAccountId\":"
	    "\"123456789012\",\"requestParameters\":{\"name\":\"arn:aws:cloudtrail:eu-west-1:"
	    "123456789012:trail/main\"},"
	    "\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":\"a\",\"accessKeyId\":\"AKIA1\","
	    "\"sessionContext\":{\"attributes\":"
	    "{\"mfaAuthenticated\":\"false\"}}}}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=cloudtrail");
	has_line(&g, "time=2023-07-10T12:00:42Z");
	has_line(&g, "uid=e-1");
	has_line(&g, "api.operation=StopLogging");
	has_line(&g, "api.service.name=cloudtrail");
	has_line(&g, "metadata.log_provider=cloudtrail.amazonaws.com");
	has_line(&g, "api.response.error=AccessDenied");
	has_line(&g, "status=Failure");
	has_line(&g, "mw.write=true");
	has_line(&g, "is_mfa=false");
	has_line(&g, "mw.trail=main");
	has_line(&g, "actor.user.credential_uid=AKIA1");
	has_line(&g, "cloud.account.uid=123456789012");
	has_line(&g, "cloud.region=eu-west-1");
	has_line(&g, "src_endpoint.ip=192.0.2.7");
	has_no(&g, "mw.secret");
	got_release(&g);
}

/* A failed sign-in has no errorCode; and "name" is a trail only where CloudTrail is the service. */
static void cloudtrail_meaning(void **state)
{
	struct got g;

	(void)state;
	one("{\"eventSource\":\"signin.amazonaws.com\",\"eventName\":\"ConsoleLogin\","
	    "\"responseElements\":{\"ConsoleLogin\":\"Failure\"},"
	    "\"additionalEventData\":{\"MFAUsed\":\"No\"}}",
	    "x.json", "json-lines", &g);
	has_line(&g, "status=Failure");
	has_line(&g, "is_mfa=false");
	has_no(&g, "api.response.error");
	got_release(&g);
	one("{\"eventSource\":\"ssm.amazonaws.com\",\"eventName\":\"GetParameter\",\"readOnly\":"
	    "true,\"requestParameters\":{\"name\":"
	    "\"/db/password\"}}",
	    "x.json", "json-lines", &g);
	has_line(&g, "mw.parameter=/db/password");
	has_line(&g, "mw.write=false");
	has_line(&g, "status=Success");
	has_no(&g, "mw.trail");
	got_release(&g);
}

static void windows_event_forms(void **state)
{
	static const char *const forms[] = {
	        "{\"EventID\":4624,\"Channel\":\"Security\",\"Hostname\":\"DC1.corp.local\",\"@"
	        "timestamp\":\"2020-09-21T23:35:27.841Z\","
	        "\"TargetUserName\":\"eve\",\"LogonType\":3,\"IpAddress\":\"192.0.2.9\","
	        "\"SubjectUserName\":\"-\",\"Keywords\":"
	        "-9214364837600034816}",
	        "{\"@timestamp\":\"2020-09-21T23:35:27.841Z\",\"winlog\":{\"event_id\":4624,"
	        "\"channel\":\"Security\",\"computer_name\":"
	        "\"DC1.corp.local\",\"keywords\":[\"Audit "
	        "Success\"],\"event_data\":{\"TargetUserName\":\"eve\",\"LogonType\":\"3\","
	        "\"IpAddress\":\"192.0.2.9\",\"SubjectUserName\":\"-\"}}}",
	        "{\"Event\":{\"System\":{\"EventID\":4624,\"Channel\":\"Security\",\"Computer\":"
	        "\"DC1.corp.local\",\"TimeCreated\":"
	        "{\"@SystemTime\":\"2020-09-21T23:35:27.841Z\"},\"Keywords\":"
	        "\"0x8020000000000000\"},\"EventData\":{\"Data\":[{\"@Name\":"
	        "\"TargetUserName\",\"#text\":\"eve\"},{\"@Name\":\"LogonType\",\"#text\":\"3\"},{"
	        "\"@Name\":\"IpAddress\",\"#text\":"
	        "\"192.0.2.9\"}]}}}",
	        "<Event "
	        "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
	        "Name='P'/><EventID>4624</EventID>"
	        "<TimeCreated "
	        "SystemTime='2020-09-21T23:35:27.841Z'/><Channel>Security</"
	        "Channel><Computer>DC1.corp.local</Computer>"
	        "<Keywords>0x8020000000000000</Keywords></System><EventData><Data "
	        "Name='TargetUserName'>eve</Data><Data Name='LogonType'>3"
	        "</Data><Data Name='IpAddress'>192.0.2.9</Data></EventData></Event>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct got g;

		one(forms[i], "x.json", *forms[i] == '<' ? "windows-xml" : "json-lines", &g);
		has_line(&g, "dataset=windows.security");
		has_line(&g, "time=2020-09-21T23:35:27.841Z");
		has_line(&g, "metadata.event_code=4624");
		has_line(&g, "user.name=eve");
		has_line(&g, "logon_type_id=3");
		has_line(&g, "src_endpoint.ip=192.0.2.9");
		has_line(&g, "device.hostname=DC1.corp.local");
		has_line(&g, "device.name=DC1");
		has_line(&g, "status=Success");
		has_no(&g, "actor.user.name");
		got_release(&g);
	}
}

/* Without channel, computer and provider the number of the event is what is left. */
static void windows_trimmed(void **state)
{
	struct got g;

	(void)state;
	one("{\"EventID\":4625,\"TargetUserName\":\"eve\",\"IpAddress\":\"192.0.2.9\"}", "x.json",
	    "json-lines", &g);
	has_line(&g, "dataset=windows.security");
	has_line(&g, "user.name=eve");
	has_line(&g, "status=Failure");
	got_release(&g);
	one("{\"EventID\":1,\"Image\":\"C:\\\\a.exe\",\"ProcessGuid\":\"{1}\"}", "x.json",
	    "json-lines", &g);
	has_line(&g, "dataset=windows.sysmon");
	has_line(&g, "process.name=a.exe");
	got_release(&g);
}

static void sysmon(void **state)
{
	struct got g;

	(void)state;
	one("{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/"
	    "Operational\",\"Hostname\":\"WS1\",\"UtcTime\":\"2020-10-23 "
	    "06:36:43.542\",\"Image\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"CommandLine\":"
	    "\"cmd /c whoami\",\"ParentImage\":"
	    "\"C:\\\\Windows\\\\explorer.exe\",\"User\":\"CORP\\\\eve\",\"Hashes\":\"SHA1=AA,MD5="
	    "BB\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=windows.sysmon");
	has_line(&g, "process.file.path=C:\\Windows\\System32\\cmd.exe");
	has_line(&g, "process.name=cmd.exe");
	has_line(&g, "process.cmd_line=cmd /c whoami");
	has_line(&g, "process.parent_process.name=explorer.exe");
	has_line(&g, "actor.user.name=eve");
	has_line(&g, "actor.user.domain=CORP");
	has_line(&g, "file.hashes.value=AA");
	has_line(&g, "file.hashes.value=BB");
	got_release(&g);
	one("{\"EventID\":10,\"Channel\":\"Microsoft-Windows-Sysmon/"
	    "Operational\",\"SourceImage\":\"C:\\\\a\\\\evil.exe\",\"TargetImage\":"
	    "\"C:\\\\Windows\\\\system32\\\\lsass.exe\",\"GrantedAccess\":\"0x1fffff\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "actor.process.name=evil.exe");
	has_line(&g, "process.name=lsass.exe");
	has_line(&g, "actual_permissions=0x1fffff");
	got_release(&g);
}

static void zeek_in_both_forms(void **state)
{
	static const char tsv[] =
	        "#separator "
	        "\\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
	        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\trcode_"
	        "name\tanswers\n"
	        "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring\tvector[string]"
	        "\n"
	        "1588205199.5\tC1\t10.0.0.1\t5353\t10.0.0.2\t53\tudp\twww.example."
	        "org\tNXDOMAIN\t192.0.2.1,192.0.2.2\n"
	        "1588205200.5\tC2\t10.0.0.1\t5353\t10.0.0.2\t53\tudp\t-\t-\t-\n#close\t2020\n";
	static const char json[] = "{\"ts\":1588205199.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\","
	                           "\"id.orig_p\":5353,\"id.resp_h\":\"10.0.0.2\","
	                           "\"id.resp_p\":53,\"proto\":\"udp\",\"query\":\"www.example."
	                           "org\",\"rcode_name\":\"NXDOMAIN\",\"answers\":"
	                           "[\"192.0.2.1\",\"192.0.2.2\"]}\n";
	struct got g;

	(void)state;
	read_text(tsv, (size_t)(strstr(tsv, "1588205200") - tsv), "x.log", "zeek-tsv", &g);
	for (int i = 0; i < 2; i++) {
		has_line(&g, "dataset=zeek.dns");
		has_line(&g, "time=2020-04-30T00:06:39.500Z");
		has_line(&g, "src_endpoint.ip=10.0.0.1");
		has_line(&g, "dst_endpoint.port=53");
		has_line(&g, "query.hostname=www.example.org");
		has_line(&g, "rcode=NXDOMAIN");
		has_line(&g, "answers.rdata=192.0.2.2");
		got_release(&g);
		one(json, "dns.log", "json-lines", &g);
	}
	got_release(&g);
	read_text(tsv, sizeof(tsv) - 1, "x.log", "zeek-tsv", &g);
	assert_int_equal(g.events, 2);
	has_no(&g, "query.hostname");
	assert_string_equal(g.ids.s, "x.log:8\nx.log:9\n");
	got_release(&g);
}

static void vpc_flow(void **state)
{
	static const char v2[] = "2 123456789012 eni-1 10.0.0.1 192.0.2.1 443 50000 6 10 840 "
	                         "1418530010 1418530070 REJECT OK\n";
	static const char v5[] = "version vpc-id srcaddr dstaddr srcport dstport protocol bytes "
	                         "start end action flow-direction log-status\n"
	                         "5 vpc-9 10.0.0.1 192.0.2.1 443 50000 17 840 1418530010 "
	                         "1418530070 ACCEPT egress OK\n"
	                         "5 vpc-9 10.0.0.1\n";
	struct got g;

	(void)state;
	one(v2, "flow.log", "vpcflow", &g);
	has_line(&g, "dataset=vpcflow");
	has_line(&g, "time=2014-12-14T04:06:50Z");
	has_line(&g, "connection_info.protocol_name=tcp");
	has_line(&g, "activity_name=REJECT");
	has_line(&g, "status=Failure");
	has_line(&g, "cloud.account.uid=123456789012");
	has_line(&g, "traffic.bytes=840");
	got_release(&g);
	read_text(v5, sizeof(v5) - 1, "flow.log", "vpcflow", &g);
	assert_int_equal(g.events, 1);
	has_line(&g, "src_endpoint.vpc_uid=vpc-9");
	has_line(&g, "connection_info.protocol_name=udp");
	has_line(&g, "connection_info.direction=egress");
	assert_string_equal(g.rejects.s, "3: not the 13 columns that the header names\n");
	got_release(&g);
}

static void cef_and_leef(void **state)
{
	static const char *const leef[] = {
	        "<13>1 2024-06-10T06:13:20.123Z collector1 "
	        "LEEF:2.0|Org|Tool|1.0|ConsoleLogin|^|devTime=2024-06-10T06:13:20Z^cat=AWS^sev=5^"
	        "src="
	        "192.0.2.27^usrName=alice",
	        "<13>Jun 10 06:13:20 collector1 "
	        "LEEF:1.0|Org|Tool|1.0|ConsoleLogin|cat=AWS\tsev=5\tsrc=192.0.2.27\tusrName=alice",
	};
	struct got g;

	(void)state;
	one("<13>Jun 10 06:13:20 collector1 CEF:0|Org\\|X|Tool|1.0|100|Console "
	    "login|8|rt=1718000000123 src=192.0.2.27 suser=alice "
	    "msg=a b\\=c request=http://x/?q=1 outcome=failure",
	    "x.log", "cef", &g);
	has_line(&g, "dataset=cef");
	has_line(&g, "time=2024-06-10T06:13:20.123Z");
	has_line(&g, "metadata.product.vendor_name=Org|X");
	has_line(&g, "finding_info.title=Console login");
	has_line(&g, "severity=High");
	has_line(&g, "src_endpoint.ip=192.0.2.27");
	has_line(&g, "actor.user.name=alice");
	has_line(&g, "message=a b=c");
	has_line(&g, "http_request.url.url_string=http://x/?q=1");
	has_line(&g, "status=failure");
	got_release(&g);
	for (size_t i = 0; i < ARRAY_LEN(leef); i++) {
		one(leef[i], "x.log", "leef", &g);
		has_line(&g, "dataset=leef");
		has_line(&g, "metadata.event_code=ConsoleLogin");
		has_line(&g, "src_endpoint.ip=192.0.2.27");
		has_line(&g, "actor.user.name=alice");
		has_line(&g, "severity=Medium");
		got_release(&g);
	}
}

static void web_access(void **state)
{
	struct got g;

	(void)state;
	one("192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] \"GET /a.gif?x=1 HTTP/1.0\" 200 2326",
	    "access.log", "web.access", &g);
	has_line(&g, "dataset=web.access");
	has_line(&g, "time=2000-10-10T20:55:36Z");
	has_line(&g, "src_endpoint.ip=192.0.2.7");
	has_line(&g, "actor.user.name=frank");
	has_line(&g, "http_request.http_method=GET");
	has_line(&g, "http_request.url.url_string=/a.gif?x=1");
	has_line(&g, "http_response.code=200");
	has_line(&g, "status=Success");
	has_line(&g, "traffic.bytes_in=2326");
	got_release(&g);
	one("shop.example:443 2001:db8::7 - - [10/Oct/2000:13:55:36 +0000] \"POST /login "
	    "HTTP/1.1\" 401 - "
	    "\"https://shop.example/\" \"Mozilla/5.0 (\\\"x\\\")\" 0.003",
	    "access.log", "web.access", &g);
	has_line(&g, "src_endpoint.ip=2001:db8::7");
	has_line(&g, "status=Failure");
	has_line(&g, "http_request.referrer=https://shop.example/");
	has_line(&g, "http_request.user_agent=Mozilla/5.0 (\"x\")");
	has_no(&g, "actor.user.name");
	got_release(&g);
	/* bytes of a scan that is no request */
	one("192.0.2.9 - - [10/Oct/2000:13:55:36 +0000] \"\\x16\\x03\\x01\" 400 157 \"-\" \"-\"",
	    "access.log", "web.access", &g);
	has_line(&g, "http_response.code=400");
	has_no(&g, "http_request.http_method");
	got_release(&g);
}

static void linux_logs(void **state)
{
	struct got g;

	(void)state;
	one("type=EXECVE msg=audit(1652292621.986:84138): arch=c000003e syscall=59 success=yes "
	    "exit=0 ppid=1 pid=17790 auid=1000 "
	    "comm=\"bash\" exe=\"/usr/bin/bash\" key=(null) proctitle=6C73002D6C61\x1d"
	    "AUID=\"alice\" UID=\"root\"",
	    "audit.log", "auditd", &g);
	has_line(&g, "dataset=auditd");
	has_line(&g, "time=2022-05-11T18:10:21.986Z");
	has_line(&g, "activity_name=EXECVE");
	has_line(&g, "actor.user.name=alice");
	has_line(&g, "process.file.path=/usr/bin/bash");
	has_line(&g, "process.cmd_line=ls -la");
	has_line(&g, "status=Success");
	has_no(&g, "mw.audit_key");
	got_release(&g);
	one("<86>Jun 10 06:13:20 web1 sshd[812]: Failed password for root from 192.0.2.1 port 22 "
	    "ssh2",
	    "auth.log", "syslog", &g);
	has_line(&g, "dataset=syslog");
	has_line(&g, "device.hostname=web1");
	has_line(&g, "process.name=sshd");
	has_line(&g, "process.pid=812");
	has_line(&g, "message=Failed password for root from 192.0.2.1 port 22 ssh2");
	has_line(&g, "severity=info");
	has_line(&g, "mw.syslog_facility=authpriv");
	got_release(&g);
	one("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su 77 ID47 [x@1 a=\"b\"] 'su "
	    "root' failed",
	    "x.log", "syslog", &g);
	has_line(&g, "time=2003-10-11T22:14:15.003Z");
	has_line(&g, "device.hostname=mymachine.example.com");
	has_line(&g, "message='su root' failed");
	got_release(&g);
}

/* Text inside a string that is a structure of its own. */
static void values_inside_values(void **state)
{
	struct got g;

	(void)state;
	one("{\"Event Name\":\"PutObject\",\"Event ID\":\"h1\",\"Event "
	    "DateTime\":\"2022-02-18T17:34:57Z\",\"Source IP\":\"192.0.2.1\",\"User ID\":"
	    "\"{'type': 'IAMUser', 'accountId': '210987654321', 'userName': \\\"o'neil\\\", 'x': "
	    "None}\",\"Request Parameters\":\"{'bucketName':"
	    " 'trap', 'ok': True}\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=s3.honeybucket");
	has_line(&g, "actor.user.account.uid=210987654321");
	has_line(&g, "actor.user.name=o'neil");
	has_line(&g, "mw.bucket=trap");
	has_line(&g, "mw.write=true");
	got_release(&g);
	one("{\"TenantId\":\"t\",\"TimeGenerated\":\"2022-05-13T08:54:05.21Z\",\"Type\":"
	    "\"SecurityEvent\",\"EventID\":5156,\"Computer\":\"W\",\"Channel\":"
	    "\"Security\",\"EventData\":\"<EventData><Data "
	    "Name=\\\"DestAddress\\\">192.0.2.5</Data><Data Name=\\\"DestPort\\\">8080</Data>"
	    "<Data Name=\\\"Direction\\\">%%14593</Data></EventData>\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dst_endpoint.ip=192.0.2.5");
	has_line(&g, "dst_endpoint.port=8080");
	has_line(&g, "connection_info.direction=Outbound");
	got_release(&g);
}

/* Of an alert's entities each value goes to its own kind: the host's name is no user. */
static void sentinel_alert(void **state)
{
	struct got g;

	(void)state;
	one("{\"SystemAlertId\":\"s1\",\"AlertName\":\"Mimikatz\",\"AlertSeverity\":\"High\","
	    "\"StartTime\":\"2024-06-26 15:49:16+00:00\","
	    "\"TimeGenerated\":\"2024-07-04 "
	    "22:35:00+00:00\",\"CompromisedEntity\":\"h1.corp.example\",\"Tactics\":"
	    "\"CredentialAccess, Discovery\","
	    "\"Techniques\":\"[\\\"T1003\\\"]\",\"Entities\":\"[{\\\"Type\\\":\\\"host\\\","
	    "\\\"HostName\\\":\\\"h1\\\"},{\\\"Name\\\":\\\"f.exe\\\","
	    "\\\"Type\\\":\\\"file\\\"},{\\\"Name\\\":\\\"eve\\\",\\\"Type\\\":\\\"account\\\"}]"
	    "\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=alerts");
	has_line(&g, "uid=s1");
	has_line(&g, "time=2024-06-26T15:49:16Z");
	has_line(&g, "actor.user.name=eve");
	has_line(&g, "file.name=f.exe");
	has_line(&g, "device.hostname=h1.corp.example");
	has_line(&g, "finding_info.attacks.tactic.name=Discovery");
	has_line(&g, "finding_info.attacks.technique.uid=T1003");
	got_release(&g);
}

static void clouds_and_identity(void **state)
{
	static const struct {
		const char *text, *dataset, *a, *b;
	} cases[] = {
	        {"{\"userPrincipalName\":\"a@b.c\",\"createdDateTime\":\"2024-01-01T00:00:00Z\","
	         "\"ipAddress\":\"192.0.2.1\",\"status\":{\"errorCode\":50126}}",
	         "azure.signin", "actor.user.name=a@b.c", "status=Failure"},
	        {"{\"operationName\":\"Microsoft.Compute/virtualMachines/"
	         "delete\",\"resourceId\":\"/subscriptions/s-1/resourceGroups/rg/providers/x/vm1\","
	         "\"caller\":\"a@b.c\",\"category\":\"Administrative\"}",
	         "azure.activity", "cloud.account.uid=s-1", "resources.group.name=rg"},
	        {"{\"activityDisplayName\":\"Add member to "
	         "role\",\"initiatedBy\":{\"user\":{\"userPrincipalName\":\"a@b.c\"}},"
	         "\"targetResources\":"
	         "[{\"displayName\":\"Admins\"}],\"result\":\"success\"}",
	         "azure.audit", "api.operation=Add member to role", "resources.name=Admins"},
	        {"{\"eventtype\":\"user.session.start\",\"published\":\"2024-01-01T00:00:00Z\","
	         "\"actor\":{\"alternateid\":\"a@b.c\"},\"outcome\":{\"result\":"
	         "\"FAILURE\"}}",
	         "okta", "actor.user.name=a@b.c", "status=FAILURE"},
	        {"{\"auditID\":\"x\",\"verb\":\"create\",\"user\":{\"username\":\"system:"
	         "anonymous\"},\"objectRef\":{\"resource\":\"pods\",\"namespace\":\"prod\"},"
	         "\"responseStatus\":{\"code\":403}}",
	         "k8s.audit", "mw.anonymous=true", "status=Failure"},
	        {"{\"Operation\":\"UserLoginFailed\",\"Workload\":\"AzureActiveDirectory\","
	         "\"UserId\":\"a@b.c\",\"ResultStatus\":\"Success\"}",
	         "m365", "actor.user.name=a@b.c", "status=Failure"},
	        {"{\"schemaVersion\":\"2.0\",\"accountId\":\"1\",\"type\":\"Recon:EC2/"
	         "PortProbe\",\"severity\":8,\"arn\":\"a\",\"id\":\"g\",\"resource\":{"
	         "\"resourceType\":"
	         "\"Instance\",\"instanceDetails\":{\"instanceId\":\"i-1\"}}}",
	         "guardduty", "severity=High", "mw.instance=i-1"},
	        {"{\"AwsAccountId\":\"1\",\"ProductArn\":\"p\",\"Title\":\"T\",\"Severity\":{"
	         "\"Label\":\"HIGH\"},\"Resources\":[{\"Id\":\"arn:x\",\"Type\":\"AwsEc2\"}]}",
	         "securityhub", "severity=HIGH", "resources.uid=arn:x"},
	        {"{\"class_uid\":6003,\"category_uid\":6,\"time\":1718000000123,\"api\":{"
	         "\"operation\":\"X\"},\"actor\":{\"user\":{\"name\":\"eve\"}}}",
	         "ocsf", "actor.user.name=eve", "time=2024-06-10T06:13:20.123Z"},
	        {"{\"rule\":\"r\",\"event\":{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":"
	         "\"GetObject\"}}",
	         "cloudtrail", "api.operation=GetObject", "api.service.name=s3"},
	        {"{\"protoPayload\":{\"methodName\":\"v1.compute\",\"authenticationInfo\":{"
	         "\"principalEmail\":\"a@b.c\"}}}",
	         "gcp.audit", "actor.user.name=a@b.c", "api.operation=v1.compute"},
	        {"{\"@timestamp\":\"2024-01-01T00:00:00Z\",\"ecs\":{\"version\":\"8\"},\"source\":{"
	         "\"ip\":\"192.0.2.1\"},\"user\":{\"name\":\"eve\"}}",
	         "ecs", "src_endpoint.ip=192.0.2.1", "actor.user.name=eve"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct got g;
		char want[64];

		one(cases[i].text, "x.json", "json-lines", &g);
		snprintf(want, sizeof(want), "dataset=%s", cases[i].dataset);
		has_line(&g, want);
		has_line(&g, cases[i].a);
		has_line(&g, cases[i].b);
		got_release(&g);
	}
}

/* Rows as Log Analytics exports them: the table's column names, structures as objects or as texts. */
static void log_analytics_rows(void **state)
{
	struct got g;

	(void)state;
	one("{\"TenantId\":\"t1\",\"TimeGenerated\":\"2021-08-02T05:15:36.8Z\",\"OperationName\":"
	    "\"Add owner\",\"Category\":\"ApplicationManagement\","
	    "\"AdditionalDetails\":\"[{\\\"key\\\":\\\"App\\\",\\\"value\\\":\\\"x\\\"},{"
	    "\\\"key\\\":\\\"User-Agent\\\",\\\"value\\\":\\\"EvoSTS\\\"}]\","
	    "\"InitiatedBy\":\"{\\\"user\\\":{\\\"userPrincipalName\\\":\\\"a@b.c\\\","
	    "\\\"ipAddress\\\":\\\"192.0.2.4\\\"}}\",\"Result\":\"success\","
	    "\"Type\":\"AuditLogs\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=azure.audit");
	has_line(&g, "time=2021-08-02T05:15:36.800Z");
	has_line(&g, "api.operation=Add owner");
	has_line(&g, "metadata.log_name=ApplicationManagement");
	has_line(&g, "actor.user.name=a@b.c");
	has_line(&g, "src_endpoint.ip=192.0.2.4");
	has_line(&g, "http_request.user_agent=EvoSTS");
	got_release(&g);
	one("{\"TenantId\":\"t1\",\"TimeGenerated\":\"2021-08-02T06:00:00Z\",\"Operation\":"
	    "\"MailItemsAccessed\",\"OfficeWorkload\":\"Exchange\","
	    "\"UserId\":\"a@b.c\",\"ClientIP\":\"[2001:db8::1]:5123\",\"Type\":\"OfficeActivity\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=m365");
	has_line(&g, "api.service.name=Exchange");
	has_line(&g, "src_endpoint.ip=2001:db8::1");
	got_release(&g);
	one("{\"Timestamp\":\"2021-08-02T06:00:00Z\",\"DeviceId\":\"d\",\"DeviceName\":\"dc1.corp."
	    "example\",\"ActionType\":\"LogonSuccess\","
	    "\"AccountName\":\"eve\",\"RemoteIP\":\"192.0.2.3\",\"LogonType\":\"Network\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=defender");
	has_line(&g, "src_endpoint.ip=192.0.2.3");
	has_line(&g, "actor.user.name=eve");
	got_release(&g);
}

static void csv_exports(void **state)
{
	static const char defender[] =
	        "\xef\xbb\xbf"
	        "Timestamp,DeviceName,ActionType,FileName,ProcessCommandLine\r\n"
	        "2024-06-10T06:13:20Z,ws1.corp.example,ProcessCreated,cmd.exe,\"cmd \"\"/c\"\", "
	        "two\nlines\"\r\n"
	        "2024-06-10T06:13:21Z,ws1.corp.example,ProcessCreated,a.exe,a\r\n";
	static const char purview[] =
	        "CreationDate,UserIds,Operations,AuditData\n"
	        "2024-06-10,a@b.c,FileDownloaded,\"{\"\"Operation\"\":\"\"FileDownloaded\"\","
	        "\"\"Workload\"\":\"\"OneDrive\"\","
	        "\"\"UserId\"\":\"\"a@b.c\"\",\"\"ClientIP\"\":\"\"192.0.2.7:4431\"\","
	        "\"\"CreationTime\"\":\"\"2024-06-10T06:13:20\"\"}\"\n";
	struct got g;

	(void)state;
	read_text(defender, (size_t)(strstr(defender, "2024-06-10T06:13:21Z") - defender), "x.csv",
	          "csv", &g);
	has_line(&g, "dataset=defender");
	has_line(&g, "uid=x.csv:2");
	has_line(&g, "device.name=ws1");
	has_line(&g, "process.cmd_line=cmd \"/c\", two\nlines");
	got_release(&g);
	read_text(defender, sizeof(defender) - 1, "x.csv", "csv", &g);
	assert_string_equal(g.ids.s, "x.csv:2\nx.csv:4\n");
	got_release(&g);
	one(purview, "x.csv", "csv", &g);
	has_line(&g, "dataset=m365");
	has_line(&g, "time=2024-06-10T06:13:20Z");
	has_line(&g, "api.operation=FileDownloaded");
	has_line(&g, "src_endpoint.ip=192.0.2.7");
	got_release(&g);
}

/* A NUL inside a value is a byte like any other, on its way through every copy. */
static void nul_in_a_value(void **state)
{
	struct leafset s;
	struct err e = {0};
	struct slice v;

	(void)state;
	leaves_init(&s);
	leaves_begin(&s);
	assert_int_equal(
	        leaves_json(&s, SLICE("{\"a\":\"x\\u0000yz\",\"k\\u0000q\":\"w\"}"), NULL, &e), 0);
	v = leaves_value(&s, ev_path_id(s.reader, SLICE("a")));
	assert_int_equal(v.n, 4);
	assert_memory_equal(v.s, "x\0yz", 4);
	v = ev_path_text(s.reader, s.v.v[1].path);
	assert_int_equal(v.n, 3);
	assert_memory_equal(v.s, "k\0q", 3);
	leaves_release(&s);
}

/* A collector's envelope: the record is a string of it. */
static void carried_records(void **state)
{
	struct got g;

	(void)state;
	one("{\"agent\":\"fb\",\"message\":\"{\\\"eventSource\\\":\\\"s3.amazonaws.com\\\","
	    "\\\"eventName\\\":\\\"PutObject\\\"}\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=cloudtrail");
	has_line(&g, "api.operation=PutObject");
	got_release(&g);
	one("{\"agent\":\"fb\",\"message\":\"{\\\"what\\\":1}\",\"user\":\"eve\"}", "x.json",
	    "json-lines", &g);
	has_line(&g, "dataset=json");
	has_line(&g, "actor.user.name=eve");
	got_release(&g);
	one("{\"logGroup\":\"flow\",\"logEvents\":[{\"id\":\"1\",\"message\":\"2 123456789012 "
	    "eni-1 10.0.0.1 192.0.2.1 443 50000 6 10 840 "
	    "1418530010 1418530070 ACCEPT OK\"}]}",
	    "x.json", "json", &g);
	has_line(&g, "dataset=vpcflow");
	has_line(&g, "dst_endpoint.ip=192.0.2.1");
	got_release(&g);
	one("{\"@timestamp\":\"2024-06-10T06:13:20Z\",\"message\":\"Jun 10 06:13:20 web1 "
	    "sshd[812]: Failed password\"}",
	    "x.json", "json-lines", &g);
	has_line(&g, "dataset=syslog");
	has_line(&g, "process.name=sshd");
	got_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_table_is_sound),  cmocka_unit_test(cloudtrail_actors),
	        cmocka_unit_test(cloudtrail_fields),   cmocka_unit_test(cloudtrail_meaning),
	        cmocka_unit_test(windows_event_forms), cmocka_unit_test(sysmon),
	        cmocka_unit_test(zeek_in_both_forms),  cmocka_unit_test(vpc_flow),
	        cmocka_unit_test(cef_and_leef),        cmocka_unit_test(linux_logs),
	        cmocka_unit_test(web_access),          cmocka_unit_test(values_inside_values),
	        cmocka_unit_test(sentinel_alert),      cmocka_unit_test(clouds_and_identity),
	        cmocka_unit_test(windows_trimmed),     cmocka_unit_test(log_analytics_rows),
	        cmocka_unit_test(csv_exports),         cmocka_unit_test(nul_in_a_value),
	        cmocka_unit_test(carried_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
