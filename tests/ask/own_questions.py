"""
Questions over logs other than those of ../shared/data/questions, each with the Python expression that computes its answer from the
raw records. Nothing here knows the planner. Kinds: ev (records), cnt, vals, rank (whole distribution), top (falling), empty, ask.
A question that begins with "> " follows the one above in the same session. Several accepted readings: a list.
"""
from collections import Counter, OrderedDict


def top(c, n):
    """The n most frequent; what ties with the last may stand in for it."""
    return ("top", c, n)


def vals(it):
    return ("vals", {v for v in it if v not in (None, "")})


def rank(it):
    return ("rank", Counter(v for v in it if v not in (None, "")))


def first(rs, key):
    t = min(key(r) for r in rs)
    return [r for r in rs if key(r) == t]


def last(rs, key):
    t = max(key(r) for r in rs)
    return [r for r in rs if key(r) == t]


EMPTY = lambda reason: ("empty", reason)
ASK = ("ask",)

# --- CloudTrail ---------------------------------------------------------------------------------------------------------------
N = lambda r: r.get("eventName")
S = lambda r: (r.get("eventSource") or "").split(".")[0]
E = lambda r: r.get("errorCode")
UI = lambda r: r.get("userIdentity") or {}
U = lambda r: UI(r).get("userName")
ARN = lambda r: UI(r).get("arn")
TY = lambda r: UI(r).get("type")
KEY = lambda r: UI(r).get("accessKeyId")
IP = lambda r: r.get("sourceIPAddress")
UA = lambda r: r.get("userAgent") or ""
REG = lambda r: r.get("awsRegion")
T = lambda r: r.get("eventTime") or ""
RP = lambda r: r.get("requestParameters") or {}
BK = lambda r: RP(r).get("bucketName")
WR = lambda r: r.get("readOnly") is False
DEN = lambda r: bool(E(r)) and (E(r).startswith("AccessDenied") or E(r).endswith("UnauthorizedOperation"))
ROLE = lambda r: ((UI(r).get("sessionContext") or {}).get("sessionIssuer") or {}).get("userName")
ACCT = lambda r: r.get("recipientAccountId")
who = lambda r: U(r) or ROLE(r) or ARN(r)

INV = ("invictus", ["events/cloudtrail/invictus_first.jsonl"], "2023-07-10T12:15:00Z")
SAN = ("sans", ["events/cloudtrail/sans504_2021-07-28.jsonl", "events/cloudtrail/sans504_2021-07-29.jsonl"], "2021-07-30T09:00:00Z")
SAN2 = ("sans2", ["events/cloudtrail/sans504_2021-07-31.jsonl", "events/cloudtrail/sans504_2021-08-01.jsonl"], "2021-08-02T07:00:00Z")
STR = ("stratus", ["events/cloudtrail/stratus_detonations.jsonl"], "2024-12-01T10:00:00Z")

CLOUD = [
    (STR, "plz list every DescribeInstanceAttribute", lambda R: [r for r in R if N(r) == "DescribeInstanceAttribute"]),
    (STR, "calls by christophe", lambda R: [r for r in R if U(r) == "christophe"]),
    (STR, "how mnay calls did christophe make", lambda R: sum(U(r) == "christophe" for r in R)),
    (STR, "what API operations appear, with how often", lambda R: rank(map(N, R))),
    (STR, "events that errored", lambda R: [r for r in R if E(r)]),
    (STR, "which calls were not authorised?", lambda R: [[r for r in R if DEN(r)], vals(N(r) for r in R if DEN(r))]),
    (STR, "tally of error codes", lambda R: rank(map(E, R))),
    (STR, "give me the most common api name", lambda R: top(Counter(map(N, R)), 1)),
    (STR, "who called GetFederationToken?", lambda R: [vals(who(r) for r in R if N(r) == "GetFederationToken"), vals(ARN(r) for r in R if N(r) == "GetFederationToken")]),
    (STR, "anything with a user-agent containing stratus", lambda R: [r for r in R if "stratus" in UA(r).lower()]),
    (STR, "number of events per identity type", lambda R: rank(map(TY, R))),
    (STR, "were any access keys created?", lambda R: [r for r in R if N(r) == "CreateAccessKey"]),
    (STR, "secrets manager calls", lambda R: [r for r in R if S(r) == "secretsmanager"]),
    (STR, "bedrock activity", lambda R: [r for r in R if S(r) == "bedrock"]),
    (STR, "how many different services were called", lambda R: len({S(r) for r in R if S(r)})),
    (STR, "ssm or ec2 calls that did not fail", lambda R: [r for r in R if S(r) in ("ssm", "ec2") and not E(r)]),
    (STR, "events from 2024", lambda R: [[r for r in R if T(r).startswith("2024")], sum(T(r).startswith("2024") for r in R)]),
    (STR, "console logins", lambda R: [r for r in R if N(r) == "ConsoleLogin"]),
    (STR, "newest event in the data", lambda R: last([r for r in R if T(r)], T)),
    (STR, "AssumeRole events, oldest one only", lambda R: first([r for r in R if N(r) == "AssumeRole"], T)),
    (STR, "who deleted a login profile", lambda R: vals(ARN(r) for r in R if N(r) == "DeleteLoginProfile")),
    (INV, "give me all the access denied for benjamin", lambda R: [r for r in R if DEN(r) and U(r) == "benjamin"] or EMPTY("truly_none")),
    (INV, "how often was GetUser called", lambda R: sum(N(r) == "GetUser" for r in R)),
    (INV, "which user called GetUser the most", lambda R: top(Counter(U(r) for r in R if N(r) == "GetUser"), 1)),
    (INV, "failures per user please", lambda R: [rank(U(r) for r in R if E(r)), rank(ARN(r) for r in R if E(r)), rank(who(r) for r in R if E(r))]),
    (INV, "which ip addresses did bert-jan come from", lambda R: vals(IP(r) for r in R if U(r) == "bert-jan")),
    (INV, "bert-jan from ips other than 192.168.10.20", lambda R: [r for r in R if U(r) == "bert-jan" and IP(r) != "192.168.10.20"]),
    (INV, "need list of services benjamin was using", lambda R: [vals(r["eventSource"] for r in R if U(r) == "benjamin"), vals(S(r) for r in R if U(r) == "benjamin")]),
    (INV, "DeleteParameter without errors", lambda R: [r for r in R if N(r) == "DeleteParameter" and not E(r)]),
    (INV, "DeleteParameter or PutParameter which got throttled", lambda R: [r for r in R if N(r) in ("DeleteParameter", "PutParameter") and E(r) == "ThrottlingException"]),
    (INV, "count kms decrypt", lambda R: sum(N(r) == "Decrypt" for r in R)),
    (INV, "what happened from 12:00 til 12:01", lambda R: [r for r in R if "2023-07-10T12:00" <= T(r) < "2023-07-10T12:01"]),
    (INV, "writes within the last quarter of an hour", lambda R: [r for r in R if WR(r) and T(r) >= "2023-07-10T12:00:00Z"]),
    (INV, "events per minute between 12:00 and 12:05", lambda R: ("rank", Counter(T(r)[:16] + ":00Z" for r in R if "2023-07-10T12:00" <= T(r) < "2023-07-10T12:05"))),
    (INV, "in which minute were there the most events", lambda R: top(Counter(T(r)[:16] + ":00Z" for r in R), 1)),
    (INV, "3 noisiest source addresses", lambda R: top(Counter(map(IP, R)), 3)),
    (INV, "the five rarest event names", None),
    (INV, "who made the StopLogging call and what error did they get", None),
    (INV, "users that were throttled", lambda R: [vals(U(r) for r in R if E(r) == "ThrottlingException"), vals(ARN(r) for r in R if E(r) == "ThrottlingException")]),
    (INV, "s3 api calls by error code", lambda R: rank(E(r) for r in R if S(r) == "s3")),
    (INV, "did anybody leave the organization?", lambda R: [r for r in R if N(r) == "LeaveOrganization"]),
    (INV, "iam role creations", lambda R: [r for r in R if N(r) == "CreateRole"]),
    (INV, "which buckets got deleted", lambda R: [vals(BK(r) for r in R if N(r) == "DeleteBucket" and not E(r)), vals(BK(r) for r in R if N(r) == "DeleteBucket")]),
    (INV, "GetSecretValue grouped by user", lambda R: [rank(U(r) for r in R if N(r) == "GetSecretValue"), rank(ARN(r) for r in R if N(r) == "GetSecretValue")]),
    (INV, "activity of access key ASIATFQR7NSCYBEKEGNL in time order", lambda R: [r for r in R if KEY(r) == "ASIATFQR7NSCYBEKEGNL"] or EMPTY("no_such_value")),
    (INV, "all non read-only calls to kms", lambda R: [r for r in R if WR(r) and S(r) == "kms"]),
    (INV, "everything except ssm and ec2", lambda R: [r for r in R if S(r) not in ("ssm", "ec2")]),
    (INV, "events w/o an access key", lambda R: [r for r in R if not KEY(r)]),
    (INV, "denied calls before noon", lambda R: [r for r in R if DEN(r) and T(r) < "2023-07-10T12:00"]),
    (INV, "last 5 events of benjamin", lambda R: sorted([r for r in R if U(r) == "benjamin"], key=T)[-5:]),
    (INV, "error codes benjamin ran into", lambda R: vals(E(r) for r in R if U(r) == "benjamin")),
    (INV, "how many times did 3.225.16.109 show up", lambda R: sum(IP(r) == "3.225.16.109" for r in R)),
    (INV, "how many roles were assumed?", None),
    (INV, "events by bert-jan not in us-east-1", None),
    (INV, "show mallory's calls", lambda R: EMPTY("no_such_value")),
    (INV, "console logins on july 10", lambda R: [r for r in R if N(r) == "ConsoleLogin"] or EMPTY("truly_none")),
    (INV, "PutObject by bert-jan on the 9th", lambda R: EMPTY("no_data_in_window")),
    (INV, "is benjamin trustworthy", lambda R: ASK),
    (INV, "what's up with the frobnicated calls", lambda R: ASK),
    (INV, "show GetParameter calls", lambda R: [r for r in R if N(r) == "GetParameter"]),
    (INV, "> just those with an error", lambda R: [r for r in R if N(r) == "GetParameter" and E(r)] or EMPTY("truly_none")),
    (INV, "> who made them?", None),
    (INV, "calls by benjamin", lambda R: [r for r in R if U(r) == "benjamin"]),
    (INV, "> only the ones to iam", lambda R: [r for r in R if U(r) == "benjamin" and S(r) == "iam"] or EMPTY("truly_none")),
    (INV, "> count them", None),
    (INV, "DescribeRouteTables calls", lambda R: [r for r in R if N(r) == "DescribeRouteTables"]),
    (INV, "> how about DescribeSubnets", lambda R: [r for r in R if N(r) == "DescribeSubnets"]),
    (INV, "> by user?", lambda R: [rank(U(r) for r in R if N(r) == "DescribeSubnets"), rank(ARN(r) for r in R if N(r) == "DescribeSubnets")]),
    (SAN, "root account: which regions?", lambda R: vals(REG(r) for r in R if TY(r) == "Root")),
    (SAN, "count of root's api calls on the 29th", lambda R: sum(TY(r) == "Root" and T(r).startswith("2021-07-29") for r in R)),
    (SAN, "hourly breakdown for jmerckle", lambda R: ("rank", Counter(T(r)[:13] + ":00:00Z" for r in R if U(r) == "jmerckle"))),
    (SAN, "wich access keys does jmerckle have used", lambda R: vals(KEY(r) for r in R if U(r) == "jmerckle")),
    (SAN, "jmerckle: denied only", lambda R: [r for r in R if U(r) == "jmerckle" and DEN(r)]),
    (SAN, "failed sign-ins to the console", lambda R: [r for r in R if N(r) == "ConsoleLogin" and (r.get("responseElements") or {}).get("ConsoleLogin") == "Failure"]),
    (SAN, "number of successful console logins", lambda R: sum(N(r) == "ConsoleLogin" and (r.get("responseElements") or {}).get("ConsoleLogin") == "Success" for r in R)),
    (SAN, "first api call of jmerckle", lambda R: first([r for r in R if U(r) == "jmerckle"], T)),
    (SAN, "top 5 event names for root", lambda R: top(Counter(N(r) for r in R if TY(r) == "Root"), 5)),
    (SAN, "policies changed by jmerckle", lambda R: [[r for r in R if U(r) == "jmerckle" and N(r) == "PutUserPolicy"], vals(RP(r).get("policyName") for r in R if U(r) == "jmerckle" and N(r) == "PutUserPolicy")]),
    (SAN, "what was done from 96.253.26.224 between 00:00 and 00:10 on 29 jul", lambda R: [r for r in R if IP(r) == "96.253.26.224" and "2021-07-29T00:00" <= T(r) < "2021-07-29T00:10"] or EMPTY("truly_none")),
    (SAN, "calls from outside us-west-1", lambda R: [r for r in R if REG(r) != "us-west-1"]),
    (SAN, "list users calls made by jmerckle", lambda R: [r for r in R if N(r) == "ListUsers" and U(r) == "jmerckle"]),
    (SAN, "who was using 3.238.12.183, and how many calls each", lambda R: [rank(U(r) for r in R if IP(r) == "3.238.12.183"), rank(ARN(r) for r in R if IP(r) == "3.238.12.183")]),
    (SAN, "events with no region us-west-1 and no us-east-1", None),
    (SAN, "how many services did root touch", lambda R: len({S(r) for r in R if TY(r) == "Root"})),
    (SAN, "5 minutes after CreateAccessKey by jmerckle, what else did he do", None),
    (SAN, "cloudtrail changes", lambda R: [r for r in R if S(r) == "cloudtrail" and WR(r)]),
    (SAN, "trail creations", lambda R: [r for r in R if N(r) == "CreateTrail"]),
    (SAN2, "PutObject that were denied on the 1st of august", lambda R: [r for r in R if N(r) == "PutObject" and DEN(r) and T(r).startswith("2021-08-01")]),
    (SAN2, "denied per day", lambda R: ("rank", Counter(T(r)[:10] for r in R if DEN(r)))),
    (SAN2, "how many events on july 31st vs august 1st", None),
    (SAN2, "events yesterday between 3am and 4am", lambda R: [r for r in R if "2021-08-01T03" <= T(r) < "2021-08-01T04"]),
    (SAN2, "buckets written to", lambda R: vals(BK(r) for r in R if N(r) == "PutObject")),
    (SAN2, "HeadBucket count by hour on august 1", lambda R: ("rank", Counter(T(r)[:13] + ":00:00Z" for r in R if N(r) == "HeadBucket" and T(r).startswith("2021-08-01")))),
    (SAN2, "which source addresses are there, how many events has each", lambda R: rank(map(IP, R))),
    (SAN2, "total number of GetBucketAcl in the past 24 hours", lambda R: sum(N(r) == "GetBucketAcl" and T(r) >= "2021-08-01T07:00:00Z" for r in R)),
    (SAN2, "AssumeRole in the first 2 hours of august 1", None),
    (SAN2, "busiest hour for PutObject", lambda R: top(Counter(T(r)[:13] + ":00:00Z" for r in R if N(r) == "PutObject"), 1)),
]

# --- other logs ---------------------------------------------------------------------------------------------------------------
HB = ("honey", ["events/other/otrf_aws_s3_honeybucket.jsonl"], "2022-02-20T00:00:00Z")
hN = lambda r: r["Event Name"]
hIP = lambda r: r["Source IP"]
hT = lambda r: r["Event DateTime"]
hUA = lambda r: r.get("Request User Agent") or ""
HONEY = [
    (HB, "honeypot bucket: requests by ip", lambda R: rank(map(hIP, R))),
    (HB, "ListObjects hits this month", lambda R: [r for r in R if hN(r) == "ListObjects" and hT(r).startswith("2022-02")]),
    (HB, "how many requests in january 2022?", lambda R: sum(hT(r).startswith("2022-01") for r in R)),
    (HB, "user agents which appear more than 10 times", lambda R: vals(k for k, n in Counter(map(hUA, R)).items() if n > 10)),
    (HB, "monthly number of hits", lambda R: ("rank", Counter(hT(r)[:7] + "-01" for r in R))),
    (HB, "first hit ever", lambda R: first(R, hT)),
    (HB, "curl requests", lambda R: [r for r in R if "curl" in hUA(r).lower()] or EMPTY("truly_none")),
    (HB, "distinct operations seen", lambda R: vals(map(hN, R))),
    (HB, "5 most active ips since 2022-02-01", lambda R: top(Counter(hIP(r) for r in R if hT(r) >= "2022-02-01"), 5)),
]

ZK = ("zeek", ["events/other/otrf_apt29_day1_zeek_nashua.jsonl"], "2020-04-30T01:00:00Z")
Z = lambda R, s: [r for r in R if r.get("@stream") == s]
ZEEK = [
    (ZK, "connections to 192.168.0.4", lambda R: [r for r in Z(R, "conn") if r["id_resp_h"] == "192.168.0.4"]),
    (ZK, "how many tcp connections", lambda R: sum(r.get("proto") == "tcp" for r in Z(R, "conn"))),
    (ZK, "ssl sessions on port 8443", lambda R: [r for r in Z(R, "ssl") if r["id_resp_p"] == 8443]),
    (ZK, "dns queries by type", lambda R: rank(r.get("qtype_name") for r in Z(R, "dns"))),
    (ZK, "who talked to 10.0.0.4 over smb", None),
    (ZK, "top 3 destination ips in conn log", lambda R: top(Counter(r["id_resp_h"] for r in Z(R, "conn")), 3)),
    (ZK, "dce rpc operations seen", lambda R: vals(r.get("operation") for r in Z(R, "dce_rpc"))),
    (ZK, "dce_rpc calls per endpoint", lambda R: rank(r.get("endpoint") for r in Z(R, "dce_rpc"))),
    (ZK, "udp conns longer than 1 second", lambda R: [r for r in Z(R, "conn") if r.get("proto") == "udp" and (r.get("duration") or 0) > 1]),
    (ZK, "connections with more than 100000 bytes from the originator", lambda R: [r for r in Z(R, "conn") if (r.get("orig_bytes") or 0) > 100000] or EMPTY("truly_none")),
    (ZK, "conns not to port 53", lambda R: [r for r in Z(R, "conn") if r["id_resp_p"] != 53]),
    (ZK, "what files were opened over smb", None),
    (ZK, "conn count per protocol", lambda R: rank(r.get("proto") for r in Z(R, "conn"))),
    (ZK, "first connection from 10.0.1.6 to 192.168.0.4", lambda R: first([r for r in Z(R, "conn") if r["id_orig_h"] == "10.0.1.6" and r["id_resp_h"] == "192.168.0.4"], lambda r: r["ts"])),
    (ZK, "any notices?", lambda R: Z(R, "notice")),
    (ZK, "rejected connections", lambda R: [[r for r in Z(R, "conn") if r["conn_state"] == "REJ"] or EMPTY("truly_none")]),
    (ZK, "nxdomain answers per query name", lambda R: rank(r.get("query") for r in Z(R, "dns") if r.get("rcode_name") == "NXDOMAIN")),
    (ZK, "rdp connections", lambda R: EMPTY("truly_none")),
    (ZK, "which hosts asked for newyork.dmevals.local", lambda R: vals(r["id_orig_h"] for r in Z(R, "dns") if r.get("query") == "newyork.dmevals.local")),
]

AL = ("alerts", ["events/alerts/sentinel_alerts.jsonl"], "2024-06-28T08:00:00Z")
aN = lambda r: r["AlertName"]
aT = lambda r: r["StartTime"]
aH = lambda r: r.get("CompromisedEntity") or ""
ALERTS = [
    (AL, "number of high severity alerts", lambda R: sum(r["AlertSeverity"] == "High" for r in R)),
    (AL, "low or informational alerts", lambda R: [r for r in R if r["AlertSeverity"] in ("Low", "Informational")]),
    (AL, "what kinds of alert fired on vnevado-win11t", lambda R: vals(aN(r) for r in R if aH(r).startswith("vnevado-win11t"))),
    (AL, "alerts per host", lambda R: rank(map(aH, R))),
    (AL, "alerts by day", lambda R: ("rank", Counter(aT(r)[:10] for r in R))),
    (AL, "mimikatz alerts", None),  # by process, title or text: three fair readings
    (AL, "top five alert titles on june 26", lambda R: top(Counter(aN(r) for r in R if aT(r).startswith("2024-06-26")), 5)),
    (AL, "credential access alerts", lambda R: [r for r in R if "CredentialAccess" in (r.get("Tactics") or "").replace(" ", "").split(",")]),
    (AL, "which host has the most high alerts", lambda R: top(Counter(aH(r) for r in R if r["AlertSeverity"] == "High" and aH(r)), 1)),
    (AL, "alerts not from defender for endpoint", None),
    (AL, "latest alert", lambda R: last(R, aT)),
    (AL, "how many distinct alert names are there", lambda R: len(set(map(aN, R)))),
    (AL, "ransomware alerts with high severity", None),
    (AL, "medium alerts yesterday", lambda R: [r for r in R if r["AlertSeverity"] == "Medium" and aT(r).startswith("2024-06-27")] or EMPTY("truly_none")),
    (AL, "hosts with only one alert", lambda R: vals(k for k, n in Counter(map(aH, R)).items() if n == 1 and k)),
    (AL, "alerts by provider", lambda R: rank(r.get("ProviderName") for r in R)),
]

W = "events/windows/"
WA = ("wina", [W + "covenant_dcsync_dcerpc_drsuapi_DsGetNCChanges.jsonl", W + "covenant_sharpsc_query_dcerpc_smb_svcctl.jsonl"], "2020-08-07T00:00:00Z")
WB = ("winb", [W + "empire_shell_samr_EnumDomainUsers.jsonl", W + "mimikatz_CVE-2020-1472_Unauthenticated_NetrServerAuthenticate2.jsonl"], "2020-09-22T12:00:00Z")
WC = ("winc", [W + "psh_lsass_memory_dump_comsvcs.jsonl", W + "wmic_remote_xsl_jscript.jsonl", W + "cmd_lsass_memory_dumpert_syscalls.jsonl"], "2020-10-19T00:00:00Z")
SYS = lambda r, *n: "Sysmon" in (r.get("Channel") or "") and r.get("EventID") in n
SEC = lambda r, *n: (r.get("Channel") or "").lower() == "security" and r.get("EventID") in n
EID = lambda r: r.get("EventID")
H = lambda r: (r.get("Hostname") or "")
HS = lambda r: H(r).split(".")[0]
B = lambda p: (p or "").replace("&lt;", "<").split("\\")[-1].lower()
wT = lambda r: (r.get("@timestamp") or r.get("TimeCreated") or "").replace(" ", "T")
WIN = [
    (WA, "logons on MORDORDC", lambda R: [[r for r in R if SEC(r, 4624) and HS(r) == "MORDORDC"], [r for r in R if SEC(r, 4624, 4648) and HS(r) == "MORDORDC"]]),
    (WA, "network logons by account", lambda R: [rank(r.get("TargetUserName") for r in R if SEC(r, 4624) and str(r.get("LogonType")) == "3")]),
    (WA, "how many 5156 events", lambda R: sum(EID(r) == 5156 for r in R)),
    (WA, "event ids by count", lambda R: rank(str(EID(r)) for r in R)),
    (WA, "dcsync activity", lambda R: [r for r in R if SEC(r, 4662) and any(g in str(r).lower() for g in ("1131f6aa", "1131f6ad", "89e95b76"))]),
    (WA, "network connections made by GruntHTTP.exe", lambda R: [r for r in R if SYS(r, 3) and B(r.get("Image")) == "grunthttp.exe"]),
    (WA, "which processes opened network connections", lambda R: [vals(r.get("Image") for r in R if SYS(r, 3)), vals(B(r.get("Image")) for r in R if SYS(r, 3))]),
    (WA, "destination ports lsass.exe connected to", lambda R: vals(str(r.get("DestinationPort")) for r in R if SYS(r, 3) and B(r.get("Image")) == "lsass.exe")),
    (WA, "share access (5140) events", lambda R: [r for r in R if EID(r) == 5140]),
    (WA, "events per computer", lambda R: [rank(map(H, R)), rank(map(HS, R))]),
    (WA, "sysmon dns queries", lambda R: [r for r in R if SYS(r, 22)]),
    (WA, "machines with sbeavers activity", None),
    (WA, "registry value sets on WORKSTATION6", lambda R: [r for r in R if SYS(r, 13) and HS(r) == "WORKSTATION6"]),
    (WA, "top 3 sysmon event ids on workstation5", lambda R: top(Counter(str(EID(r)) for r in R if "Sysmon" in r["Channel"] and HS(r) == "WORKSTATION5"), 3)),
    (WA, "failed logons", lambda R: EMPTY("truly_none")),
    (WA, "processes created on 6 august", lambda R: [vals(r.get("Image") or r.get("NewProcessName") for r in R if (SYS(r, 1) or SEC(r, 4688)) and wT(r).startswith("2020-08-06")), [r for r in R if (SYS(r, 1) or SEC(r, 4688)) and wT(r).startswith("2020-08-06")], [r for r in R if SYS(r, 1) and wT(r).startswith("2020-08-06")]]),
    (WB, "mimikatz.exe process creations", lambda R: [[r for r in R if (SYS(r, 1) or SEC(r, 4688)) and B(r.get("Image") or r.get("NewProcessName")) == "mimikatz.exe"], [r for r in R if SYS(r, 1) and B(r.get("Image")) == "mimikatz.exe"]]),
    (WB, "dlls loaded by mimikatz.exe", lambda R: [vals(r.get("ImageLoaded") for r in R if SYS(r, 7) and B(r.get("Image")) == "mimikatz.exe"), [r for r in R if SYS(r, 7) and B(r.get("Image")) == "mimikatz.exe"]]),
    (WB, "how many powershell 4103 events", lambda R: sum(EID(r) == 4103 for r in R)),
    (WB, "what did net.exe run with on the command line", None),
    (WB, "computer account changes (4742)", lambda R: [r for r in R if EID(r) == 4742]),
    (WB, "type 3 logons per target user", lambda R: [rank(r.get("TargetUserName") for r in R if SEC(r, 4624) and str(r.get("LogonType")) == "3")]),
    (WB, "files created on september 17", lambda R: [[r for r in R if SYS(r, 11) and wT(r).startswith("2020-09-17")], vals(r.get("TargetFilename") for r in R if SYS(r, 11) and wT(r).startswith("2020-09-17"))]),
    (WB, "named pipe events", lambda R: [r for r in R if SYS(r, 17, 18)]),
    (WB, "security events of pgustavo", None),
    (WB, "kerberos service tickets requested", lambda R: [r for r in R if EID(r) == 4769]),
    (WB, "processes accessing net.exe", None),
    (WB, "powershell events on WORKSTATION5 excluding 4103", None),
    (WC, "who accessed lsass", lambda R: [vals(r.get("SourceImage") for r in R if SYS(r, 10) and B(r.get("TargetImage")) == "lsass.exe"), vals(x for r in R if (SYS(r, 10) and B(r.get("TargetImage")) == "lsass.exe") or (SEC(r, 4656, 4663) and B(r.get("ObjectName")) == "lsass.exe") for x in [r.get("SourceImage") or r.get("ProcessName")]), [r for r in R if SYS(r, 10) and B(r.get("TargetImage")) == "lsass.exe"]]),
    (WC, "rundll32 command lines", lambda R: vals(r.get("CommandLine") for r in R if (SYS(r, 1) or SEC(r, 4688)) and B(r.get("Image") or r.get("NewProcessName")) == "rundll32.exe")),
    (WC, "audit log cleared?", lambda R: [r for r in R if EID(r) == 1102]),
    (WC, "child processes of WMIC.exe", None),
    (WC, "4688 events", lambda R: [r for r in R if EID(r) == 4688]),
    (WC, "wardog's privileged service calls", None),
    (WC, "dns lookups by wmic", lambda R: [[r for r in R if SYS(r, 22) and B(r.get("Image")) == "wmic.exe"], vals(r.get("QueryName") for r in R if SYS(r, 22) and B(r.get("Image")) == "wmic.exe")]),
    (WC, "process terminations", lambda R: [[r for r in R if SYS(r, 5) or SEC(r, 4689)], [r for r in R if SYS(r, 5)], [r for r in R if SEC(r, 4689)]]),
    (WC, "sysmon 10 where the target is calc.exe, count", lambda R: sum(SYS(r, 10) and B(r.get("TargetImage")) == "calc.exe" for r in R)),
    (WC, "event 7 on 2020-10-18 after 07:00", lambda R: [r for r in R if EID(r) == 7 and wT(r) >= "2020-10-18T07"]),
]

# --- a second round, in other words -------------------------------------------------------------------------------------------
AGAIN = [
    (INV, "Could you please show me the events where benjamin was refused access?", lambda R: [r for r in R if DEN(r) and U(r) == "benjamin"] or EMPTY("truly_none")),
    (INV, "bert-jan kms activity 11:55-11:57", lambda R: [r for r in R if U(r) == "bert-jan" and S(r) == "kms" and "2023-07-10T11:55" <= T(r) < "2023-07-10T11:57"]),
    (INV, "ec2 calls which ended in an error, grouped by error", lambda R: rank(E(r) for r in R if S(r) == "ec2" and E(r))),
    (INV, "unauthorized ec2 calls", lambda R: [r for r in R if S(r) == "ec2" and DEN(r)]),
    (INV, "how many unauthorized calls were there per api", lambda R: rank(N(r) for r in R if DEN(r))),
    (INV, "count of different ips", lambda R: len({IP(r) for r in R if IP(r)})),
    (INV, "user agents used by benjamin", lambda R: vals(UA(r) for r in R if U(r) == "benjamin")),
    (INV, "api calls benjamin made exactly once", lambda R: vals(k for k, n in Counter(N(r) for r in R if U(r) == "benjamin").items() if n == 1)),
    (INV, "services with fewer than 10 events", lambda R: [vals(k for k, n in Counter(r["eventSource"] for r in R).items() if n < 10), vals(k for k, n in Counter(map(S, R)).items() if n < 10)]),
    (INV, "ips with at least 50 events", lambda R: vals(k for k, n in Counter(map(IP, R)).items() if n >= 50)),
    (INV, "when did the last error occur", lambda R: last([r for r in R if E(r)], T)),
    (INV, "first 3 events", lambda R: sorted(R, key=T)[:3]),
    (INV, "who has called DeleteTrail", lambda R: [vals(U(r) for r in R if N(r) == "DeleteTrail"), vals(ARN(r) for r in R if N(r) == "DeleteTrail")]),
    (INV, "errors in secretsmanager", lambda R: [r for r in R if S(r) == "secretsmanager" and E(r)] or EMPTY("truly_none")),
    (INV, "Get* calls to iam", lambda R: [r for r in R if N(r).startswith("Get") and S(r) == "iam"]),
    (INV, "calls starting with Delete", lambda R: [r for r in R if N(r).startswith("Delete")]),
    (INV, "event names containing Password", lambda R: [vals(N(r) for r in R if "password" in N(r).lower()), [r for r in R if "password" in N(r).lower()]]),
    (INV, "events of assumed roles", lambda R: [r for r in R if TY(r) == "AssumedRole"]),
    (INV, "which role sessions did most calls, top 2", None),
    (INV, "aws service events", lambda R: [r for r in R if TY(r) == "AWSService"]),
    (INV, "read-only events by benjamin", lambda R: [r for r in R if r.get("readOnly") is True and U(r) == "benjamin"]),
    (INV, "number of writes per service", lambda R: [rank(r["eventSource"] for r in R if WR(r)), rank(S(r) for r in R if WR(r))]),
    (INV, "events at 12:07", lambda R: [r for r in R if T(r).startswith("2023-07-10T12:07")]),
    (INV, "today's failures of bert-jan after 12:08", lambda R: [r for r in R if U(r) == "bert-jan" and E(r) and T(r) >= "2023-07-10T12:08"]),
    (INV, "what did bert-jan do 30 seconds before the first DeleteTrail", None),
    (INV, "snapshots touched", lambda R: None),
    (INV, "instances terminated", None),
    (INV, "tell me which secrets bert-jan read", None),
    (INV, "list of all error codes", lambda R: vals(map(E, R))),
    (INV, "benjamin OR events from 3.225.16.109", None),
    (INV, "not bert-jan and not benjamin", lambda R: [r for r in R if U(r) not in ("bert-jan", "benjamin")]),
    (INV, "events with neither user bert-jan nor benjamin", lambda R: [r for r in R if U(r) not in ("bert-jan", "benjamin")]),
    (INV, "calls not coming from an internal ip", None),
    (INV, "how much traffic", None),
    (INV, "iam calls", lambda R: [r for r in R if S(r) == "iam"]),
    (INV, "> what errors did those have", lambda R: vals(E(r) for r in R if S(r) == "iam")),
    (INV, "> and for s3?", lambda R: [vals(E(r) for r in R if S(r) == "s3"), [r for r in R if S(r) == "s3"]]),
    (INV, "throttled events", lambda R: [r for r in R if E(r) == "ThrottlingException"]),
    (INV, "> excluding DeleteParameter", lambda R: [r for r in R if E(r) == "ThrottlingException" and N(r) != "DeleteParameter"]),
    (INV, "> per event name", lambda R: rank(N(r) for r in R if E(r) == "ThrottlingException" and N(r) != "DeleteParameter")),
    (INV, "AssumeRole calls", lambda R: [r for r in R if N(r) == "AssumeRole"]),
    (INV, "> between 12:00 and 12:10", lambda R: [r for r in R if N(r) == "AssumeRole" and "2023-07-10T12:00" <= T(r) < "2023-07-10T12:10"]),
    (INV, "> first one", lambda R: first([r for r in R if N(r) == "AssumeRole" and "2023-07-10T12:00" <= T(r) < "2023-07-10T12:10"], T)),
    (SAN, "gimme jmerckles activity", lambda R: [r for r in R if U(r) == "jmerckle"]),
    (SAN, "jmerckle activity on 29 July from 13:03 until 13:05 UTC", lambda R: [r for r in R if U(r) == "jmerckle" and "2021-07-29T13:03" <= T(r) < "2021-07-29T13:05"]),
    (SAN, "did jmerckle create an access key?", lambda R: [r for r in R if U(r) == "jmerckle" and N(r) == "CreateAccessKey"]),
    (SAN, "events in the evening of the 28th", None),
    (SAN, "root events between 9pm and 10pm on July 28", lambda R: [r for r in R if TY(r) == "Root" and "2021-07-28T21" <= T(r) < "2021-07-28T22"] or EMPTY("no_data_in_window")),
    (SAN, "s3 events by root", lambda R: [r for r in R if TY(r) == "Root" and S(r) == "s3"]),
    (SAN, "root's write actions, what were they", lambda R: [vals(N(r) for r in R if TY(r) == "Root" and WR(r)), [r for r in R if TY(r) == "Root" and WR(r)]]),
    (SAN, "list identity types", lambda R: vals(map(TY, R))),
    (SAN, "unique access key ids", lambda R: vals(map(KEY, R))),
    (SAN, "access keys by number of calls", lambda R: rank(map(KEY, R))),
    (SAN, "the number of regions root was active in", lambda R: len({REG(r) for r in R if TY(r) == "Root"})),
    (SAN, "users who got AccessDenied", lambda R: [vals(U(r) for r in R if E(r) == "AccessDenied"), vals(ARN(r) for r in R if E(r) == "AccessDenied"), vals(U(r) for r in R if DEN(r)), vals(ARN(r) for r in R if DEN(r))]),
    (SAN, "most used event source by jmerckle", lambda R: [top(Counter(r["eventSource"] for r in R if U(r) == "jmerckle"), 1), top(Counter(S(r) for r in R if U(r) == "jmerckle"), 1)]),
    (SAN, "console logins with mfa", None),
    (SAN, "what happened in the 10 minutes before PutUserPolicy", lambda R: None),
    (SAN, "events since 2021-07-29 14:00", lambda R: [[r for r in R if T(r) >= "2021-07-29T14:00"], sum(T(r) >= "2021-07-29T14:00" for r in R)]),
    (SAN, "last time root logged in", lambda R: None),
    (SAN, "all calls by jmerckle where he was not allowed", lambda R: [r for r in R if U(r) == "jmerckle" and DEN(r)]),
    (SAN2, "requests per hour on 31 July", lambda R: ("rank", Counter(T(r)[:13] + ":00:00Z" for r in R if T(r).startswith("2021-07-31")))),
    (SAN2, "what share of PutObject failed", None),
    (SAN2, "successful PutObject yesterday, how many?", lambda R: sum(N(r) == "PutObject" and not E(r) and T(r).startswith("2021-08-01") for r in R)),
    (SAN2, "GenerateDataKey the day before yesterday", lambda R: [r for r in R if N(r) == "GenerateDataKey" and T(r).startswith("2021-07-31")]),
    (SAN2, "HeadBucket during the last 12 hours", lambda R: [r for r in R if N(r) == "HeadBucket" and T(r) >= "2021-08-01T19:00:00Z"]),
    (SAN2, "events by user jmerckle", lambda R: EMPTY("no_such_value")),
    (SAN2, "AssumeRole on sunday", lambda R: [r for r in R if N(r) == "AssumeRole" and T(r).startswith("2021-08-01")]),
    (STR, "who invoked a bedrock model", lambda R: [vals(ARN(r) for r in R if N(r) == "InvokeModel"), vals(who(r) for r in R if N(r) == "InvokeModel")]),
    (STR, "ec2 attribute lookups, number", None),
    (STR, "password data requests", lambda R: None),
    (STR, "oldest record", lambda R: first([r for r in R if T(r)], T)),
    (STR, "calls per month", None),
    (STR, "login profiles created or deleted", lambda R: [[r for r in R if N(r) in ("CreateLoginProfile", "DeleteLoginProfile")]]),
    (STR, "ssm commands sent", lambda R: [[r for r in R if N(r) == "SendCommand"]]),
    (STR, "ami shared", lambda R: [r for r in R if N(r) == "ModifyImageAttribute"]),
    (STR, "what did christophe do on 2024-11-30?", None),
    (HB, "all GetBucketAcl", lambda R: [r for r in R if hN(r) == "GetBucketAcl"] or EMPTY("no_such_value")),
    (HB, "requests whose user agent mentions Boto3", lambda R: [r for r in R if "boto3" in hUA(r).lower()]),
    (HB, "unauthenticated ListObjects", None),
    (HB, "most recent 3 hits", lambda R: sorted(R, key=hT)[-3:]),
    (HB, "which ips came back more than 20 times", lambda R: vals(k for k, n in Counter(map(hIP, R)).items() if n > 20)),
    (HB, "top user agent", lambda R: top(Counter(map(hUA, R)), 1)),
    (HB, "hits per day in february 2022", lambda R: ("rank", Counter(hT(r)[:10] for r in R if hT(r).startswith("2022-02")))),
    (HB, "anything between Christmas and new year 2021", None),
    (HB, "hits on 2022-02-18 after 5pm", lambda R: [r for r in R if hT(r).startswith("2022-02-18") and hT(r) >= "2022-02-18T17:00"]),
    (ZK, "traffic from 10.0.1.4 to 10.0.0.4", None),
    (ZK, "which ports does 10.0.1.6 connect to", lambda R: vals(str(r["id_resp_p"]) for r in Z(R, "conn") if r["id_orig_h"] == "10.0.1.6")),
    (ZK, "failed connection attempts", None),
    (ZK, "dns queries answered with NXDOMAIN, how many", lambda R: sum(r.get("rcode_name") == "NXDOMAIN" for r in Z(R, "dns"))),
    (ZK, "tls versions in use", lambda R: vals(r.get("version") for r in Z(R, "ssl"))),
    (ZK, "connection states", lambda R: vals(r.get("conn_state") for r in Z(R, "conn"))),
    (ZK, "connections from 10.0.1.6 which are not to 10.0.0.4", lambda R: [r for r in Z(R, "conn") if r["id_orig_h"] == "10.0.1.6" and r["id_resp_h"] != "10.0.0.4"]),
    (ZK, "count of conns per originating host", lambda R: rank(r["id_orig_h"] for r in Z(R, "conn"))),
    (ZK, "average duration of connections", None),
    (ZK, "biggest upload", None),
    (ZK, "services seen in conn log", lambda R: vals(r.get("service") for r in Z(R, "conn"))),
    (ZK, "zeek events per log", None),
    (ZK, "kerberos traffic", lambda R: [Z(R, "kerberos")]),
    (ZK, "smb shares", lambda R: [vals(r.get("path") for r in Z(R, "smb_mapping"))]),
    (AL, "high severity alerts on the 27th", lambda R: [r for r in R if r["AlertSeverity"] == "High" and aT(r).startswith("2024-06-27")] or EMPTY("truly_none")),
    (AL, "alerts about lateral movement", lambda R: [r for r in R if "LateralMovement" in (r.get("Tactics") or "").replace(" ", "").split(",")]),
    (AL, "what alerts does vnevado-win11u have", lambda R: [vals(aN(r) for r in R if aH(r).startswith("vnevado-win11u")), [r for r in R if aH(r).startswith("vnevado-win11u")]]),
    (AL, "alert count by severity", lambda R: rank(r["AlertSeverity"] for r in R)),
    (AL, "is there any alert on vnevado-win10r", lambda R: [r for r in R if aH(r).startswith("vnevado-win10r")]),
    (AL, "hosts by number of alerts, worst 3", lambda R: top(Counter(aH(r) for r in R if aH(r)), 3)),
    (AL, "low sev alerts last 2 days", lambda R: [r for r in R if r["AlertSeverity"] == "Low" and aT(r) >= "2024-06-26 08:00"] or EMPTY("truly_none")),
    (AL, "Suspicious process injection observed", lambda R: [r for r in R if aN(r) == "Suspicious process injection observed"]),
    (AL, "persistence alerts", lambda R: None),
    (AL, "alerts except low ones", lambda R: [r for r in R if r["AlertSeverity"] != "Low"]),
    (AL, "first alert per host", None),
    (WA, "logins on MORDORDC, by user", None),
    (WA, "sysmon 3 events with destination port 135", lambda R: [r for r in R if SYS(r, 3) and str(r.get("DestinationPort")) == "135"]),
    (WA, "4662 on the domain controller MORDORDC", lambda R: [r for r in R if EID(r) == 4662 and HS(r) == "MORDORDC"]),
    (WA, "who logged on to WORKSTATION6", None),
    (WA, "svcctl pipe access", lambda R: [r for r in R if r.get("RelativeTargetName") == "svcctl"]),
    (WA, "events on 2020-08-05 between 06:10:00 and 06:10:10", None),
    (WA, "ip addresses WORKSTATION5 connected to", None),
    (WA, "security log entries per event id", lambda R: rank(str(EID(r)) for r in R if (r.get("Channel") or "").lower() == "security")),
    (WB, "powershell script executions", None),
    (WB, "what ran on WORKSTATION5", None),
    (WB, "net.exe or net1.exe process starts", lambda R: [[r for r in R if (SYS(r, 1) or SEC(r, 4688)) and B(r.get("Image") or r.get("NewProcessName")) in ("net.exe", "net1.exe")]]),
    (WB, "special privileges assigned (4672)", lambda R: [r for r in R if EID(r) == 4672]),
    (WB, "count of image loads by process", None),
    (WB, "domain users enumerated", None),
    (WC, "what processes did WMIC.exe load dlls in", None),
    (WC, "comsvcs.dll in the command line", None),
    (WC, "event ids seen only once", lambda R: vals(str(k) for k, n in Counter(map(EID, R)).items() if n == 1)),
    (WC, "connections to 151.101.248.133", None),
    (WC, "process creation events by wardog", None),
    (WC, "calc.exe started by whom", None),
]

# --- a third round: other logs (the wrapped events of ../shared/data/events/rule_tests), other words -----------------------------
PAN = "events/rule_tests/panther_cloud.jsonl"
KUBE = ("kube", [(PAN, "Amazon.EKS.Audit", lambda r: str(r.get("apiVersion")).startswith("audit.k8s.io") and r.get("verb"))], "2025-12-01T00:00:00Z")
GH = ("github", [(PAN, "GitHub.Audit", lambda r: isinstance(r.get("actor"), str) and isinstance(r.get("action"), str) and "created_at" in r and "org" in r)], "2025-12-01T00:00:00Z")
OK = ("okta", [(PAN, "Okta.SystemLog", lambda r: r.get("eventType") and r.get("outcome"))], "2025-12-01T00:00:00Z")
AZ = ("azure", [(PAN, "Azure.MonitorActivity", lambda r: r.get("operationName") and r.get("resourceId") and r.get("time"))], "2025-12-01T00:00:00Z")
kU = lambda r: r["user"]["username"]
kR = lambda r: (r.get("objectRef") or {}).get("resource")
kNS = lambda r: (r.get("objectRef") or {}).get("namespace")
kC = lambda r: (r.get("responseStatus") or {}).get("code")
is_sa = lambda u: u.startswith("system:serviceaccount:")
zO = lambda r: r["id_orig_h"]
zP = lambda r: r["id_resp_h"]
oA = lambda r: (r.get("actor") or {}).get("alternateId")
oRes = lambda r: r["outcome"].get("result")
NEW_WORDS = [
    (KUBE, "which service accounts list secrets", lambda R: vals(kU(r) for r in R if is_sa(kU(r)) and r["verb"] == "list" and kR(r) == "secrets")),
    (KUBE, "which service accounts created daemonsets", lambda R: vals(kU(r) for r in R if is_sa(kU(r)) and r["verb"] == "create" and kR(r) == "daemonsets")),
    (KUBE, "who launched pods", lambda R: [vals(kU(r) for r in R if r["verb"] == "create" and kR(r) == "pods"), vals(kU(r) for r in R if r["verb"] == "create" and kR(r) == "pods" and not r["objectRef"].get("subresource"))]),
    (KUBE, "how many events touched production", lambda R: sum(kNS(r) == "production" for r in R)),
    (KUBE, "resource types by number of events", lambda R: rank(map(kR, R))),
    (KUBE, "api verbs seen", lambda R: vals(r["verb"] for r in R)),
    (KUBE, "how many events of attacker@example.com outside production", lambda R: sum(kU(r) == "attacker@example.com" and kNS(r) != "production" for r in R)),
    (KUBE, "users that execd into pods", lambda R: vals(kU(r) for r in R if kR(r) == "pods" and r["objectRef"].get("subresource") in ("exec", "attach"))),
    (KUBE, "who got denied reading secrets", lambda R: vals(kU(r) for r in R if kR(r) == "secrets" and kC(r) == 403)),
    (KUBE, "number of cluster roles created", lambda R: [sum(kR(r) == "clusterroles" and r["verb"] == "create" for r in R), len({r["objectRef"].get("name") for r in R if kR(r) == "clusterroles" and r["verb"] == "create"})]),
    (KUBE, "status codes with counts", lambda R: rank(str(kC(r)) for r in R if kC(r))),
    (KUBE, "events per namespace excluding default", lambda R: rank(kNS(r) for r in R if kNS(r) and kNS(r) != "default")),
    (KUBE, "did anyone list nodes", lambda R: [EMPTY("truly_none"), EMPTY("no_such_value"), ASK]),
    (KUBE, "source ips of john.doe@example.com", lambda R: vals(i for r in R if kU(r) == "john.doe@example.com" for i in r["sourceIPs"])),
    (GH, "top 3 repos", lambda R: top(Counter(r.get("repo") for r in R if r.get("repo")), 3)),
    (GH, "most active actors, top two", lambda R: top(Counter(r["actor"] for r in R), 2)),
    (GH, "how many repos did bobert touch", lambda R: len({r.get("repo") for r in R if r["actor"] == "bobert" and r.get("repo")})),
    (GH, "orgs and how often each appears", lambda R: rank(r.get("org") for r in R)),
    (GH, "actions by cat", lambda R: [[r for r in R if r["actor"] == "cat"], vals(r["action"] for r in R if r["actor"] == "cat"), sum(r["actor"] == "cat" for r in R)]),
    (GH, "which actions happened in an-org", lambda R: vals(r["action"] for r in R if r.get("org") == "an-org")),
    (GH, "everyone who did a repo.create", lambda R: vals(r["actor"] for r in R if r["action"] == "repo.create")),
    (GH, "count protected_branch.destroy", lambda R: sum(r["action"] == "protected_branch.destroy" for r in R)),
    (GH, "actors except cat and bobert", lambda R: vals(r["actor"] for r in R if r["actor"] not in ("cat", "bobert"))),
    (GH, "actions starting with team", lambda R: [[r for r in R if r["action"].startswith("team")], vals(r["action"] for r in R if r["action"].startswith("team")), sum(r["action"].startswith("team") for r in R)]),
    (OK, "failed okta sessions by user", lambda R: [rank(oA(r) for r in R if oRes(r) == "FAILURE"), rank(oA(r) for r in R if oRes(r) == "FAILURE" and r["eventType"] == "user.session.start")]),
    (OK, "outcome results tallied", lambda R: rank(map(oRes, R))),
    (OK, "who did password resets", lambda R: vals(oA(r) for r in R if r["eventType"] == "user.account.reset_password")),
    (OK, "event types that were not a success", lambda R: vals(r["eventType"] for r in R if oRes(r) not in ("SUCCESS", "ALLOW"))),
    (OK, "ips admin came from", lambda R: vals(r["client"]["ipAddress"] for r in R if oA(r) == "admin")),
    (OK, "how many eventtypes are there", lambda R: len({r["eventType"] for r in R})),
    (AZ, "5 chattiest caller ips", lambda R: top(Counter(r.get("callerIpAddress") for r in R if r.get("callerIpAddress")), 5)),
    (AZ, "failed operations", lambda R: [[r for r in R if r.get("resultType") == "Failed"], sum(r.get("resultType") == "Failed" for r in R), vals(r["operationName"] for r in R if r.get("resultType") == "Failed")]),
    (AZ, "azure events per location", lambda R: rank(r.get("location") for r in R)),
    (AZ, "operations ending with delete from 1.1.1.1, how many", lambda R: sum(r["operationName"].lower().endswith("delete") and r.get("callerIpAddress") == "1.1.1.1" for r in R)),
    (AZ, "who else but 1.1.1.1 deleted anything", None),
    (ZK, "rpc endpoints and their call counts", lambda R: rank(r.get("endpoint") for r in Z(R, "dce_rpc"))),
    (ZK, "samr operations", lambda R: [[r for r in Z(R, "dce_rpc") if r.get("endpoint") == "samr"], vals(r.get("operation") for r in Z(R, "dce_rpc") if r.get("endpoint") == "samr")]),
    (ZK, "kerberos request types", lambda R: vals(r.get("request_type") for r in Z(R, "kerberos"))),
    (ZK, "kerberos clients that asked for krbtgt/dmevals", lambda R: vals(r.get("client") for r in Z(R, "kerberos") if r.get("service") == "krbtgt/dmevals")),
    (ZK, "which smb files got renamed", lambda R: ASK),
    (ZK, "ja3 fingerprints ranked", lambda R: rank(r.get("ja3") for r in Z(R, "ssl"))),
    (ZK, "tls sessions lacking a server name", lambda R: [[r for r in Z(R, "ssl") if not r.get("server_name")] or EMPTY("truly_none")]),
    (ZK, "conn states per responder", None),
    (ZK, "how many conns never got a reply (S0)", lambda R: sum(r["conn_state"] == "S0" for r in Z(R, "conn"))),
    (ZK, "top talkers by originator bytes", None),
    (ZK, "mime types of transferred files", lambda R: vals(r.get("mime_type") for r in Z(R, "files"))),
    (ZK, "dpd failures by analyzer", lambda R: rank(r.get("analyzer") for r in Z(R, "dpd"))),
    (ZK, "connections to anything but 192.168.0.4 and 10.0.0.4", lambda R: [r for r in Z(R, "conn") if zP(r) not in ("192.168.0.4", "10.0.0.4")]),
    (ZK, "udp or icmp flows", lambda R: [r for r in Z(R, "conn") if r.get("proto") in ("udp", "icmp")]),
    (ZK, "which destinations were hit on port 445", lambda R: [vals(zP(r) for r in Z(R, "conn") if r["id_resp_p"] == 445), vals(zP(r) for r in R if r.get("id_resp_p") == 445)]),
    (WA, "proceses that loaded a dll from temp", None),
    (WA, "how many registry events did sysmon log", lambda R: sum(SYS(r, 12, 13, 14) for r in R)),
    (WA, "which images have unsigned modules loaded", None),
    (WA, "5145 by relative target name", lambda R: rank(r.get("RelativeTargetName") for r in R if SEC(r, 5145))),
    (WA, "share names accessed", lambda R: vals(r.get("ShareName") for r in R if SEC(r, 5140, 5145))),
    (WA, "logoffs", lambda R: [r for r in R if SEC(r, 4634, 4647)]),
    (WA, "how mny handles to lsass were requested", None),
    (WA, "wfp permitted connections per application", lambda R: rank(r.get("Application") for r in R if SEC(r, 5156))),
    (WB, "pipes that were connected", lambda R: [vals(r.get("PipeName") for r in R if SYS(r, 18)), vals(r.get("PipeName") for r in R if SYS(r, 17, 18))]),
    (WB, "hosts w/o any sysmon events", None),
    (WB, "proc starts per parent", lambda R: [rank(r.get("ParentImage") or r.get("ParentProcessName") for r in R if SYS(r, 1) or SEC(r, 4688)), rank(r.get("ParentImage") for r in R if SYS(r, 1))]),
    (WC, "calltraces", None),
    (WC, "lsass acess by taskmgr or rundll32", None),  # Sysmon names the one that opens apart from process.name
    (WC, "granted access masks on lsass", lambda R: [vals(r.get("GrantedAccess") for r in R if SYS(r, 10) and B(r.get("TargetImage")) == "lsass.exe"), vals(r.get("GrantedAccess") or r.get("AccessMask") for r in R if (SYS(r, 10) and B(r.get("TargetImage")) == "lsass.exe") or (SEC(r, 4656, 4663) and str(r.get("ObjectName")).lower().endswith("lsass.exe")))]),
    (WC, "events neither security nor sysmon", lambda R: [r for r in R if (r.get("Channel") or "").lower() != "security" and "Sysmon" not in r["Channel"]]),
    (WC, "wmic.exe commandline args", lambda R: [vals(r.get("CommandLine") for r in R if (SYS(r, 1) or SEC(r, 4688)) and B(r.get("Image") or r.get("NewProcessName")) == "wmic.exe"), vals(r.get("CommandLine") for r in R if "wmic" in (r.get("CommandLine") or "").lower())]),
    (INV, "who poked at secrets", lambda R: [vals(ARN(r) for r in R if "Secret" in N(r)), vals(U(r) for r in R if "Secret" in N(r)), [r for r in R if "Secret" in N(r)], ASK]),
    (INV, "apis hit by more than one identity", lambda R: vals(n for n in {N(r) for r in R} if len({ARN(r) for r in R if N(r) == n and ARN(r)}) > 1)),
    (INV, "which errors dont occur for bert-jan", None),
    (INV, "did benjamin list buckets", lambda R: [r for r in R if U(r) == "benjamin" and N(r) == "ListBuckets"] or [EMPTY("truly_none"), EMPTY("no_such_value")]),
    (INV, "kms and secretsmanager calls, one count each", lambda R: [rank(S(r) for r in R if S(r) in ("kms", "secretsmanager")), rank(r["eventSource"] for r in R if S(r) in ("kms", "secretsmanager"))]),
    (INV, "non-throttled failures", lambda R: [r for r in R if E(r) and E(r) != "ThrottlingException"]),
    (INV, "calls w/ error but not AccessDenied, per user", None),
    (SAN, "which roles list users", lambda R: [vals(ROLE(r) for r in R if N(r) == "ListUsers" and TY(r) == "AssumedRole")]),
    (SAN, "jmerckle's denied apis, each with how often", lambda R: rank(N(r) for r in R if U(r) == "jmerckle" and DEN(r))),
    (SAN, "anything root did to iam or sts", lambda R: [r for r in R if TY(r) == "Root" and S(r) in ("iam", "sts")]),
    (SAN, "regions with under 5 events", lambda R: vals(k for k, n in Counter(map(REG, R)).items() if n < 5)),
    (HB, "ips that used aws-cli", lambda R: vals(hIP(r) for r in R if "aws-cli" in hUA(r).lower())),
    (HB, "requests minus ListObjects", lambda R: [r for r in R if hN(r) != "ListObjects"]),
    (HB, "op names per ip count, top 1", None),
    (AL, "sev high or medium per host", lambda R: rank(aH(r) for r in R if r["AlertSeverity"] in ("High", "Medium"))),
    (AL, "tactics ranked", lambda R: rank(t.strip() for r in R for t in (r.get("Tactics") or "").split(",") if t.strip())),
]

# Asked first on 2026-11-24 in the evening, each read wrongly then: numbers before the superlative, negations that bound nothing,
# what is counted differently, words behind "containing".
BOTH = ("both", ["events/cloudtrail/sans504_2021-07-29.jsonl", "events/cloudtrail/invictus_first.jsonl"], "2023-08-01T12:00:00Z")


def most(pairs):
    """The keys with the most different values."""
    seen = {}
    for k, v in pairs:
        if k and v:
            seen.setdefault(k, set()).add(v)
    return top(Counter({k: len(v) for k, v in seen.items()}), 1)


EVENING = [
    (BOTH, "the 2 newest events", lambda R: sorted((r for r in R if T(r)), key=T)[-2:]),
    (BOTH, "which user came from the most ip addresses", lambda R: most((U(r), IP(r)) for r in R)),
    (BOTH, "who used the most regions", lambda R: most((ARN(r), REG(r)) for r in R)),
    (BOTH, "average number of events per hour", lambda R: ASK),
    (BOTH, "not AccessDenied errors", lambda R: [r for r in R if E(r) and not DEN(r)]),
    (BOTH, "kms decrypt calls grouped by user", lambda R: rank(U(r) for r in R if S(r) == "kms" and (N(r) or "").startswith("Decrypt"))),
    (BOTH, "how many events have no user name", lambda R: sum(U(r) is None for r in R)),
    (BOTH, "how many events have no user agent", lambda R: sum(not UA(r) for r in R)),
    (BOTH, "no of calls by benjamin", lambda R: sum(U(r) == "benjamin" for r in R)),
    (BOTH, "earliest and latest event", lambda R: ASK),
    (BOTH, "which ip addresses were used by both bert-jan and benjamin", lambda R: vals({IP(r) for r in R if U(r) == "bert-jan"} & {IP(r) for r in R if U(r) == "benjamin"})),
    (BOTH, "anyone disabling guardduty or cloudtrail", lambda R: ASK),
    (BOTH, "which users never logged in without mfa", lambda R: ASK),
    (BOTH, "which roles never called s3", lambda R: ASK),
    (BOTH, "which users never used mfa", lambda R: ASK),
    (BOTH, "who did not log in to the console", lambda R: ASK),
    (WC, "commandlines containing http", lambda R: [[r for r in R if "http" in (r.get("CommandLine") or "").lower()], vals(r.get("CommandLine") for r in R if "http" in (r.get("CommandLine") or "").lower())]),
    (WC, "sysmon events by type", lambda R: rank(str(EID(r)) for r in R if "sysmon" in (r.get("Channel") or "").lower())),
]
QUESTIONS = CLOUD + HONEY + ZEEK + ALERTS + WIN + AGAIN + NEW_WORDS + EVENING
