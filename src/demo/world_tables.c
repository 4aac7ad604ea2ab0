/*
 * Who and what Harborlight is. Only data; what the columns mean stands in world.h.
 */
#include "demo/world.h"

const struct account world_accounts[NACCT] = {
        [PROD] = {"111122223333", "harborlight-prod", "aws-prod@harborlight.example"},
        [SEC] = {"444455556666", "harborlight-security", "aws-security@harborlight.example"},
        [DEV] = {"777788889999", "harborlight-dev", "aws-dev@harborlight.example"},
};

const struct vpc world_vpc_rows[NVPC] = {
        [VPC_PROD] = {.name = "prod-main",
                      .acct = PROD,
                      .region = "us-east-1",
                      .net = 20,
                      .flow = 5,
                      .nat_ip = "198.51.100.4"},
        [VPC_EU] = {.name = "prod-eu",
                    .acct = PROD,
                    .region = "eu-west-1",
                    .net = 21,
                    .flow = 5,
                    .nat_ip = "198.51.100.5"},
        [VPC_SEC] = {.name = "sec-tools",
                     .acct = SEC,
                     .region = "us-east-1",
                     .net = 30,
                     .flow = 2,
                     .nat_ip = "198.51.100.6"},
        [VPC_DEV] = {.name = "dev-main",
                     .acct = DEV,
                     .region = "us-east-1",
                     .net = 40,
                     .flow = 2,
                     .nat_ip = "198.51.100.7"},
        [VPC_SANDBOX] = {.name = "sandbox",
                         .acct = DEV,
                         .region = "us-west-2",
                         .net = 41,
                         .flow = 0,
                         .nat_ip = "198.51.100.3"},
};

const struct fixed_id world_fixed_ids[] = {
        {"web-07", "i-0c31d2f4a5b6c7d8e"},
        {"web-08", "i-0d42e3a5b6c7d8e9f"},
        {"web-09", "i-0e53f4b6c7d8e9fa0"},
        {"scanner-02", "i-05ca11e6b7c8d9e0f"},
        {"alb-web", "sg-0aa1b2c3d4e5f6a7b"},
        {"sandbox", "vpc-0dd1e2f3a4b5c6d7e"},
        {"app-web", "AROA4EXAMPLEROLEID77"},
        {"svc-report", "AKIAI44QH8DHBEXAMPLE"},
        {"ci-deploy", "AKIAIOSFODNN7EXAMPLE"},
        {"web-07/volume", "vol-0e41a2b3c4d5e6f70"},
        {0},
};

const struct owner world_owner_rows[] = {
        {"payments", "pay-oncall", "card payments and settlement", 1},
        {"people-team", "people-oncall", "HR data and payroll", 1},
        {"platform", "platform-oncall", "clusters, pipelines, networks", 1},
        {"data-platform", "data-oncall", "data lake and reporting", 2},
        {"identity", "identity-oncall", "sign-in and directory", 1},
        {"edge-team", "edge-oncall", "load balancers and web front", 2},
        {"security", "soc-oncall", "security tools and logs", 1},
        {"vuln-team", "vuln-oncall", "vulnerability scanning", 3},
        {"ml-research", "ml-oncall", "models and experiments", 3},
        {"marketing", "marketing-web", "public site", 4},
        {"support", "support-oncall", "customer support desk", 3},
        {0},
};

const struct group_row world_group_rows[] = {
        {"alb-web", VPC_PROD, "tcp 443 0.0.0.0/0;tcp 80 0.0.0.0/0",
         "public load balancer of the shop"},
        {"app-web", VPC_PROD, "tcp 8080 @alb-web;tcp 22 @bastion", "web servers"},
        {"app-api", VPC_PROD, "tcp 8081 @app-web;tcp 22 @bastion", "api servers"},
        {"workers", VPC_PROD, "tcp 22 @bastion", "queue workers"},
        {"db-orders", VPC_PROD, "tcp 3306 @app-api;tcp 3306 @workers", "orders databases"},
        {"db-replica-tmp", VPC_PROD, "tcp 3306 0.0.0.0/0", "temporary, migration partner"},
        {"db-internal", VPC_PROD, "tcp 5432 @app-api;tcp 5432 @workers;tcp 5432 @reporting",
         "internal databases"},
        {"eks-nodes", VPC_PROD, "tcp 443 @alb-web;all -1 @eks-nodes", "nodes of prod-eks"},
        {"bastion", VPC_PROD, "tcp 22 198.51.100.8/29", "jump host, office only"},
        {"reporting", VPC_PROD, "tcp 22 @bastion", "report builders"},
        {"scanner", VPC_PROD, "tcp 22 @bastion", "vulnerability scanner"},
        {"legacy-gw", VPC_PROD, "tcp 8443 0.0.0.0/0;tcp 22 0.0.0.0/0",
         "partner gateway, to be retired"},
        {"files-win", VPC_PROD, "tcp 445 10.20.0.0/16;tcp 3389 @bastion",
         "windows file and directory servers"},
        {"quarantine", VPC_PROD, "", "no traffic in or out"},
        {"eu-web", VPC_EU, "tcp 443 0.0.0.0/0", "web servers, EU"},
        {"eu-api", VPC_EU, "tcp 8081 @eu-web", "api servers, EU"},
        {"eu-db", VPC_EU, "tcp 5432 @eu-api", "databases, EU"},
        {"sec-tools", VPC_SEC, "tcp 443 10.0.0.0/8;tcp 514 10.0.0.0/8", "log collectors"},
        {"dev-default", VPC_DEV, "all -1 @dev-default;tcp 22 198.51.100.8/29", "dev default"},
        {"dev-db", VPC_DEV, "tcp 5432 @dev-default", "dev databases"},
        {"sandbox-open", VPC_SANDBOX, "tcp 22 0.0.0.0/0;tcp 8888 0.0.0.0/0", "experiments"},
        {0},
};

const struct fleet world_fleets[] = {
        {"web", 6, VPC_PROD, "private", "app-web", "app-web-v2", "m6i.large", "edge-team", "linux",
         2, false, false},
        {"web", 3, VPC_PROD, "private", "app-web", "app-web", "m6i.large", "payments", "linux", 1,
         true, false},
        {"api", 8, VPC_PROD, "private", "app-api", "app-api", "c6i.xlarge", "payments", "linux", 1,
         false, false},
        {"worker", 8, VPC_PROD, "private", "workers", "app-worker", "c6i.large", "payments",
         "linux", 2, false, false},
        {"eks-node", 8, VPC_PROD, "private", "eks-nodes", "eks-node", "m6i.2xlarge", "platform",
         "linux", 1, false, false},
        {"report", 2, VPC_PROD, "private", "reporting", "reporting", "r6i.large", "data-platform",
         "linux", 2, false, false},
        {"bastion", 1, VPC_PROD, "public", "bastion", "bastion", "t3.small", "platform", "linux", 1,
         false, true},
        {"legacy-gw", 1, VPC_PROD, "public", "legacy-gw", "legacy-admin", "t3.medium", "edge-team",
         "linux", 2, true, true},
        {"orders-mongo", 2, VPC_PROD, "data", "db-internal", "db-host", "r6i.xlarge", "payments",
         "linux", 1, false, false},
        {"fs-win", 2, VPC_PROD, "private", "files-win", "win-server", "m6i.large", "platform",
         "windows", 2, false, false},
        {"dc-win", 2, VPC_PROD, "private", "files-win", "win-server", "m6i.large", "identity",
         "windows", 1, false, false},
        {"scanner", 2, VPC_PROD, "private", "scanner", "scanner", "c6i.large", "vuln-team", "linux",
         3, false, false},
        {"eu-web", 4, VPC_EU, "public", "eu-web", "app-web-v2", "m6i.large", "edge-team", "linux",
         2, false, true},
        {"eu-api", 3, VPC_EU, "private", "eu-api", "app-api", "c6i.large", "payments", "linux", 1,
         false, false},
        {"collector", 2, VPC_SEC, "private", "sec-tools", "log-collector", "m6i.large", "security",
         "linux", 1, false, false},
        {"dev-app", 8, VPC_DEV, "private", "dev-default", "dev-app", "t3.medium", "platform",
         "linux", 4, false, false},
        {"dev-node", 3, VPC_DEV, "private", "dev-default", "eks-node-dev", "m6i.large", "platform",
         "linux", 4, false, false},
        {"ml-train", 2, VPC_DEV, "private", "dev-default", "ml-train", "g5.xlarge", "ml-research",
         "linux", 3, false, false},
        {"sandbox", 3, VPC_SANDBOX, "public", "sandbox-open", NULL, "t3.micro", "ml-research",
         "linux", 4, true, true},
        {0},
};

#define READ_ALL "'s3:GetObject','s3:ListBucket'"
const struct policy_row world_policy_rows[] = {
        {"AppWebAccess", PROD,
         "{'Sid':'Archive','Effect':'Allow','Action':[" READ_ALL
         "],'Resource':['arn:aws:s3:::fin-archive-prod','arn:aws:s3:::fin-archive-prod/"
         "*','arn:aws:s3:::hr-exports','arn:aws:s3:::hr-exports/*','arn:aws:s3:::web-assets-prod/"
         "*']},{'Sid':'Discover','Effect':'Allow','Action':['s3:ListAllMyBuckets','s3:"
         "GetBucketPolicy','s3:GetBucketLocation'],'Resource':'*'},{'Sid':'Keys','Effect':'Allow','"
         "Action':['kms:Decrypt'],'Resource':'*'},{'Sid':'Rotate','Effect':'Allow','Action':['iam:"
         "CreateAccessKey','iam:ListUsers'],'Resource':'arn:aws:iam::111122223333:user/svc-*'}"},
        {"AppWebV2Access", PROD,
         "{'Effect':'Allow','Action':['s3:GetObject'],'Resource':'arn:aws:s3:::web-assets-prod/"
         "*'},{'Effect':'Allow','Action':['secretsmanager:GetSecretValue'],'Resource':'arn:aws:"
         "secretsmanager:*:111122223333:secret:web-*'}"},
        {"AppApiAccess", PROD,
         "{'Effect':'Allow','Action':['s3:GetObject','s3:PutObject'],'Resource':['arn:aws:s3:::"
         "invoices-prod/*','arn:aws:s3:::statements-prod/"
         "*']},{'Effect':'Allow','Action':['sqs:SendMessage','sqs:ReceiveMessage','sqs:"
         "DeleteMessage'],'Resource':'arn:aws:sqs:*:111122223333:*'},{'Effect':'Allow','Action':'"
         "secretsmanager:GetSecretValue','Resource':'arn:aws:secretsmanager:*:111122223333:secret:"
         "api-*'},{'Effect':'Allow','Action':'kms:Decrypt','Resource':'arn:aws:kms:*:111122223333:"
         "key/*','Condition':{'StringEquals':{'kms:ViaService':'s3.us-east-1.amazonaws.com'}}}"},
        {"WorkerAccess", PROD,
         "{'Effect':'Allow','Action':['s3:GetObject','s3:PutObject'],'Resource':['arn:aws:s3:::"
         "orders-raw/*','arn:aws:s3:::orders-curated/"
         "*']},{'Effect':'Allow','Action':['sqs:ReceiveMessage','sqs:DeleteMessage'],'Resource':'*'"
         "},{'Effect':'Allow','Action':'lambda:InvokeFunction','Resource':'arn:aws:lambda:*:"
         "111122223333:function:*'}"},
        {"ReportingAccess", PROD,
         "{'Effect':'Allow','Action':[" READ_ALL
         "],'Resource':['arn:aws:s3:::data-lake-curated','arn:aws:s3:::data-lake-curated/"
         "*','arn:aws:s3:::customer-exports','arn:aws:s3:::customer-exports/"
         "*']},{'Effect':'Allow','Action':'s3:PutObject','Resource':'arn:aws:s3:::reports-prod/"
         "*'},{'Effect':'Allow','Action':['athena:*','glue:GetTable*'],'Resource':'*'}"},
        {"BackupAccess", PROD,
         "{'Effect':'Allow','Action':['s3:GetObject','s3:ListBucket'],'Resource':'*'},{'Effect':'"
         "Allow','Action':'s3:PutObject','Resource':'arn:aws:s3:::backups-*'},{'Effect':'Allow','"
         "Action':['ec2:CreateSnapshot','ec2:DescribeSnapshots','ec2:DeleteSnapshot','ec2:"
         "CreateTags','rds:CreateDBSnapshot','ec2:DescribeVolumes'],'Resource':'*'}"},
        {"NodeAccess", PROD,
         "{'Effect':'Allow','Action':['ec2:Describe*','ecr:GetAuthorizationToken','ecr:"
         "BatchGetImage','ecr:GetDownloadUrlForLayer','eks:DescribeCluster'],'Resource':'*'}"},
        {"ServerBasics", PROD,
         "{'Effect':'Allow','Action':['ssm:UpdateInstanceInformation','ssm:ListAssociations','"
         "cloudwatch:PutMetricData','logs:PutLogEvents'],'Resource':'*'}"},
        {"ScannerAccess", PROD,
         "{'Effect':'Allow','Action':['ec2:Describe*','inspector2:List*','ssm:ListInventoryEntries'"
         "],'Resource':'*'}"},
        {"LegacyAdmin", PROD, "{'Effect':'Allow','Action':'*','Resource':'*'}"},
        {"PipelineDeploy", PROD,
         "{'Effect':'Allow','Action':['cloudformation:*','lambda:UpdateFunctionCode','lambda:"
         "PublishVersion','ecr:*','eks:DescribeCluster','ecs:*','s3:PutObject','ec2:Describe*','"
         "elasticloadbalancing:*','autoscaling:*'],'Resource':'*'},{'Effect':'Allow','Action':'iam:"
         "PassRole','Resource':'arn:aws:iam::111122223333:role/app-*'}"},
        {"CiLegacy", PROD,
         "{'Effect':'Allow','Action':['iam:CreateUser','iam:AttachUserPolicy','iam:CreateAccessKey'"
         ",'iam:CreateLoginProfile','iam:ListUsers','iam:GetUser','ec2:RunInstances','ec2:Describe*"
         "','ec2:CreateTags','ec2:CreateSecurityGroup','s3:PutObject','sts:*'],'Resource':'*'}"},
        {"OpsAdmin", PROD,
         "{'Effect':'Allow','Action':['ec2:*','rds:*','s3:*','elasticloadbalancing:*','cloudwatch:*"
         "','logs:*','ssm:*','kms:Describe*','kms:List*','eks:*'],'Resource':'*'},{'Effect':'Deny',"
         "'Action':['cloudtrail:StopLogging','cloudtrail:DeleteTrail','iam:*'],'Resource':'*'}"},
        {"IamAdmin", PROD,
         "{'Effect':'Allow','Action':'iam:*','Resource':'*'},{'Effect':'Deny','Action':'iam:*','"
         "Resource':'*','Condition':{'BoolIfExists':{'aws:MultiFactorAuthPresent':'false'}}}"},
        {"DataEngineer", PROD,
         "{'Effect':'Allow','Action':[" READ_ALL
         ",'s3:PutObject'],'Resource':['arn:aws:s3:::data-lake-*','arn:aws:s3:::data-lake-*/"
         "*','arn:aws:s3:::customer-exports','arn:aws:s3:::customer-exports/"
         "*','arn:aws:s3:::kyc-documents/"
         "*']},{'Effect':'Allow','Action':['athena:*','glue:*'],'Resource':'*'}"},
        {"SupportRead", PROD,
         "{'Effect':'Allow','Action':['s3:GetObject','s3:PutObject','s3:GetBucketPolicy','s3:"
         "PutBucketPolicy'],'Resource':['arn:aws:s3:::support-attachments','arn:aws:s3:::support-"
         "attachments/*']}"},
        {"ReadOnlyAll", PROD,
         "{'Effect':'Allow','Action':['ec2:Describe*','s3:List*','s3:GetBucket*','iam:List*','iam:"
         "Get*','rds:Describe*','cloudtrail:Lookup*','cloudtrail:Describe*','guardduty:List*','"
         "guardduty:Get*'],'Resource':'*'}"},
        {"BatchIrsa", PROD,
         "{'Effect':'Allow','Action':['s3:GetObject','s3:PutObject'],'Resource':'arn:aws:s3:::"
         "orders-curated/"
         "*'},{'Effect':'Allow','Action':'sqs:*','Resource':'arn:aws:sqs:*:111122223333:batch-*'}"},
        {"DenyOutsideRegions", PROD,
         "{'Effect':'Allow','Action':'*','Resource':'*'},{'Effect':'Deny','Action':'*','Resource':'"
         "*','Condition':{'StringNotEquals':{'aws:RequestedRegion':['us-east-1','eu-west-1']}}}"},
        {"LogCollector", SEC,
         "{'Effect':'Allow','Action':[" READ_ALL
         "],'Resource':['arn:aws:s3:::org-*','arn:aws:s3:::org-*/"
         "*']},{'Effect':'Allow','Action':['sqs:ReceiveMessage','sqs:DeleteMessage'],'Resource':'*'"
         "}"},
        {"SecurityAudit", SEC,
         "{'Effect':'Allow','Action':['ec2:Describe*','iam:Get*','iam:List*','s3:GetBucket*','s3:"
         "List*','guardduty:*','securityhub:*','cloudtrail:LookupEvents','cloudtrail:Describe*'],'"
         "Resource':'*'}"},
        {"DevPower", DEV,
         "{'Effect':'Allow','NotAction':['iam:*','organizations:*'],'Resource':'*'}"},
        {"DevAppAccess", DEV,
         "{'Effect':'Allow','Action':['s3:*'],'Resource':['arn:aws:s3:::dev-*','arn:aws:s3:::dev-*/"
         "*']},{'Effect':'Allow','Action':'lambda:InvokeFunction','Resource':'*'}"},
        {"MlTrain", DEV,
         "{'Effect':'Allow','Action':['s3:GetObject','s3:PutObject','s3:ListBucket'],'Resource':['"
         "arn:aws:s3:::ml-*','arn:aws:s3:::ml-*/"
         "*']},{'Effect':'Allow','Action':['ec2:RunInstances','ec2:TerminateInstances','ec2:"
         "Describe*','ec2:CreateTags'],'Resource':'*'}"},
        {"NodeAccessDev", DEV,
         "{'Effect':'Allow','Action':['ec2:Describe*','ecr:*'],'Resource':'*'}"},
        {0},
};

const struct role_row world_role_rows[] = {
        {"app-web", PROD, "ec2", "AppWebAccess,ServerBasics", NULL},
        {"app-web-v2", PROD, "ec2", "AppWebV2Access,ServerBasics", "DenyOutsideRegions"},
        {"app-api", PROD, "ec2", "AppApiAccess,ServerBasics", "DenyOutsideRegions"},
        {"app-worker", PROD, "ec2", "WorkerAccess,ServerBasics", "DenyOutsideRegions"},
        {"eks-node", PROD, "ec2", "NodeAccess,ServerBasics", NULL},
        {"reporting", PROD, "ec2", "ReportingAccess,ServerBasics", NULL},
        {"bastion", PROD, "ec2", "ServerBasics", NULL},
        {"legacy-admin", PROD, "ec2", "LegacyAdmin", NULL},
        {"db-host", PROD, "ec2", "ServerBasics", NULL},
        {"win-server", PROD, "ec2", "ServerBasics", NULL},
        {"scanner", PROD, "ec2", "ScannerAccess", NULL},
        {"backup", PROD, "backup", "BackupAccess", NULL},
        {"autoscaling-linked", PROD, "autoscaling", "NodeAccess", NULL},
        {"config-recorder", PROD, "config", "ReadOnlyAll", NULL},
        {"pipeline-deploy", PROD, "acct:777788889999", "PipelineDeploy", NULL},
        {"ops-admin", PROD, "saml", "OpsAdmin", NULL},
        {"iam-admin", PROD, "saml", "IamAdmin", NULL},
        {"data-engineer", PROD, "saml", "DataEngineer", NULL},
        {"support-agent", PROD, "saml", "SupportRead", NULL},
        {"read-only", PROD, "saml", "ReadOnlyAll", NULL},
        {"break-glass", PROD, "acct:111122223333", "LegacyAdmin", NULL},
        {"posture-reader", PROD, "acct:444455556666", "ReadOnlyAll", NULL},
        {"batch-irsa", PROD, "oidc:prod-eks:batch:batch-runner", "BatchIrsa", NULL},
        {"export-irsa", PROD, "oidc:prod-eks:batch:export-worker", "BatchIrsa", NULL},
        {"checkout-irsa", PROD, "oidc:prod-eks:checkout:checkout", "AppApiAccess", NULL},
        {"ledger-irsa", PROD, "oidc:prod-eks:ledger:ledger", "WorkerAccess", NULL},
        {"fn-basic", PROD, "lambda", "WorkerAccess", NULL},
        {"fn-invoice", PROD, "lambda", "AppApiAccess", NULL},
        {"fn-report", PROD, "lambda", "ReportingAccess", NULL},
        {"fn-rotate", PROD, "lambda", "IamAdmin", NULL},
        {"log-collector", SEC, "ec2", "LogCollector", NULL},
        {"audit-read", SEC, "acct:444455556666", "SecurityAudit", NULL},
        {"soc-analyst", SEC, "saml", "SecurityAudit", NULL},
        {"fn-enrich", SEC, "lambda", "LogCollector", NULL},
        {"dev-app", DEV, "ec2", "DevAppAccess", NULL},
        {"eks-node-dev", DEV, "ec2", "NodeAccessDev", NULL},
        {"ml-train", DEV, "ec2", "MlTrain", NULL},
        {"dev-power", DEV, "saml", "DevPower", NULL},
        {"ci-runner", DEV, "codebuild", "DevPower", NULL},
        {"fn-dev", DEV, "lambda", "DevAppAccess", NULL},
        {0},
};

const struct user_row world_user_rows[] = {
        {"alice.moreau", "Alice Moreau", "platform engineer", "platform", PROD, "admins", "", 'h',
         0},
        {"bjorn.lind", "Bjorn Lind", "platform engineer", "platform", PROD, "admins", "", 'h', 0},
        {"carla.ruiz", "Carla Ruiz", "identity administrator", "identity", PROD, "iam-admins", "",
         'h', 0},
        {"dana.reyes", "Dana Reyes", "operations engineer", "platform", PROD, "ops", "", 'h', 0},
        {"emil.novak", "Emil Novak", "operations engineer", "platform", PROD, "ops", "", 'h', 0},
        {"farah.khan", "Farah Khan", "payments developer", "payments", PROD, "developers", "", 'k',
         44},
        {"goran.petrov", "Goran Petrov", "payments developer", "payments", PROD, "developers", "",
         'h', 0},
        {"hana.sato", "Hana Sato", "payments lead", "payments", PROD, "developers", "", 'h', 0},
        {"ines.costa", "Ines Costa", "data engineer", "data-platform", PROD, "data", "", 'k', 61},
        {"marek.olsen", "Marek Olsen", "data engineer", "data-platform", PROD, "data", "", 'k', 71},
        {"jonas.weber", "Jonas Weber", "data analyst", "data-platform", PROD, "data", "", 'h', 0},
        {"kim.tran", "Kim Tran", "support agent", "support", PROD, "support", "", 'h', 0},
        {"lea.martin", "Lea Martin", "support agent", "support", PROD, "support", "", 'h', 0},
        {"nadia.haddad", "Nadia Haddad", "support lead", "support", PROD, "support", "", 'h', 0},
        {"oscar.diaz", "Oscar Diaz", "HR specialist", "people-team", PROD, "people", "", 'h', 0},
        {"paula.rossi", "Paula Rossi", "HR lead", "people-team", PROD, "people", "", 'h', 0},
        {"quentin.roy", "Quentin Roy", "marketing", "marketing", PROD, "marketing", "", 'n', 0},
        {"svc-report", "", "reporting jobs", "data-platform", PROD, "", "LegacyAdmin", 'm', 61},
        {"svc-mail", "", "mail relay", "support", PROD, "", "ServerBasics", 'm', 212},
        {"svc-metrics", "", "metrics shipper", "platform", PROD, "", "ReadOnlyAll", 'm', 27},
        {"ci-deploy", "", "old build server", "platform", PROD, "", "CiLegacy", 'm', 398},
        {"svc-archive", "", "archive job, retired", "payments", PROD, "", "ReadOnlyAll", 'm', 640},
        {"break-glass-1", "", "emergency account", "security", PROD, "", "LegacyAdmin", 'n', 0},
        {"rosa.klein", "Rosa Klein", "security engineer", "security", SEC, "soc", "", 'h', 0},
        {"sven.maki", "Sven Maki", "soc analyst", "security", SEC, "soc", "", 'h', 0},
        {"tara.singh", "Tara Singh", "soc analyst", "security", SEC, "soc", "", 'h', 0},
        {"svc-siem", "", "log collector", "security", SEC, "", "LogCollector", 'm', 33},
        {"umar.farouk", "Umar Farouk", "developer", "platform", DEV, "developers", "", 'k', 15},
        {"vera.lang", "Vera Lang", "developer", "payments", DEV, "developers", "", 'k', 120},
        {"wim.devries", "Wim de Vries", "ml engineer", "ml-research", DEV, "ml", "", 'k', 22},
        {"xenia.popov", "Xenia Popov", "ml engineer", "ml-research", DEV, "ml", "", 'h', 0},
        {"svc-build", "", "build server", "platform", DEV, "", "DevPower", 'm', 19},
        {0},
};

const struct bucket_row world_bucket_rows[] = {
        {"fin-archive-prod", "payments", "pii", PROD, true, false},
        {"hr-exports", "people-team", "pii", PROD, false, false},
        {"customer-exports", "data-platform", "pii", PROD, true, false},
        {"kyc-documents", "payments", "pii", PROD, true, false},
        {"invoices-prod", "payments", "financial", PROD, true, false},
        {"statements-prod", "payments", "financial", PROD, true, false},
        {"orders-raw", "payments", "financial", PROD, false, false},
        {"orders-curated", "data-platform", "financial", PROD, false, false},
        {"data-lake-raw", "data-platform", "internal", PROD, false, false},
        {"data-lake-curated", "data-platform", "internal", PROD, true, false},
        {"reports-prod", "data-platform", "internal", PROD, false, false},
        {"support-attachments", "support", "pii", PROD, true, false},
        {"web-assets-prod", "edge-team", "public", PROD, false, true},
        {"marketing-site", "marketing", "public", PROD, false, true},
        {"backups-main", "platform", "financial", PROD, true, false},
        {"backups-eu", "platform", "financial", PROD, true, false},
        {"ci-artifacts", "platform", "internal", PROD, false, false},
        {"terraform-state", "platform", "internal", PROD, true, false},
        {"athena-results", "data-platform", "internal", PROD, false, false},
        {"elb-logs-prod", "edge-team", "internal", PROD, false, false},
        {"payroll-drop", "people-team", "pii", PROD, false, false},
        {"org-trail-logs", "security", "internal", SEC, true, false},
        {"org-flow-logs", "security", "internal", SEC, false, false},
        {"org-dns-logs", "security", "internal", SEC, false, false},
        {"org-findings", "security", "internal", SEC, false, false},
        {"dev-artifacts", "platform", "internal", DEV, false, false},
        {"dev-testdata", "payments", "internal", DEV, false, false},
        {"ml-datasets", "ml-research", "internal", DEV, false, false},
        {"ml-models", "ml-research", "internal", DEV, false, false},
        {"sandbox-scratch", "ml-research", "internal", DEV, false, false},
        {0},
};

const struct database_row world_database_rows[] = {
        {"orders-db", "mysql", "payments", "financial", VPC_PROD, "db-orders", false},
        {"orders-replica-db", "mysql", "payments", "pii", VPC_PROD, "db-replica-tmp", true},
        {"ledger-db", "postgres", "payments", "financial", VPC_PROD, "db-internal", false},
        {"users-db", "postgres", "identity", "pii", VPC_PROD, "db-internal", false},
        {"billing-db", "postgres", "payments", "financial", VPC_PROD, "db-internal", false},
        {"reporting-db", "postgres", "data-platform", "internal", VPC_PROD, "db-internal", false},
        {"support-db", "postgres", "support", "pii", VPC_PROD, "db-internal", false},
        {"eu-users-db", "postgres", "identity", "pii", VPC_EU, "eu-db", false},
        {"eu-orders-db", "postgres", "payments", "financial", VPC_EU, "eu-db", false},
        {"dev-orders-db", "postgres", "platform", "internal", VPC_DEV, "dev-db", false},
        {"dev-test-db", "postgres", "platform", "internal", VPC_DEV, "dev-db", false},
        {0},
};

const struct named_row world_function_rows[] = {
        {"order-router", "fn-basic", "payments", PROD},
        {"invoice-render", "fn-invoice", "payments", PROD},
        {"invoice-mail", "fn-invoice", "payments", PROD},
        {"refund-check", "fn-basic", "payments", PROD},
        {"fraud-score", "fn-basic", "payments", PROD},
        {"webhook-in", "fn-basic", "edge-team", PROD},
        {"webhook-out", "fn-basic", "edge-team", PROD},
        {"image-resize", "fn-basic", "edge-team", PROD},
        {"nightly-report", "fn-report", "data-platform", PROD},
        {"export-daily", "fn-report", "data-platform", PROD},
        {"lake-compact", "fn-report", "data-platform", PROD},
        {"key-rotate", "fn-rotate", "identity", PROD},
        {"user-cleanup", "fn-rotate", "identity", PROD},
        {"ticket-sync", "fn-basic", "support", PROD},
        {"alert-enrich", "fn-enrich", "security", SEC},
        {"log-index", "fn-enrich", "security", SEC},
        {"dev-echo", "fn-dev", "platform", DEV},
        {"dev-order-router", "fn-dev", "payments", DEV},
        {"ml-notify", "fn-dev", "ml-research", DEV},
        {"dev-cleanup", "fn-dev", "platform", DEV},
        {0},
};

const struct workload_row world_workload_rows[] = {
        {"prod-eks", "checkout", "checkout", "shop/checkout", "payments", "checkout-irsa", 4},
        {"prod-eks", "checkout", "cart", "shop/cart", "payments", NULL, 3},
        {"prod-eks", "checkout", "pricing", "shop/pricing", "payments", NULL, 2},
        {"prod-eks", "ledger", "ledger", "core/ledger", "payments", "ledger-irsa", 3},
        {"prod-eks", "ledger", "settlement", "core/settlement", "payments", "ledger-irsa", 2},
        {"prod-eks", "batch", "batch-runner", "batch/runner", "data-platform", "batch-irsa", 3},
        {"prod-eks", "batch", "export-worker", "batch/export", "data-platform", "export-irsa", 2},
        {"prod-eks", "search", "search-api", "shop/search", "edge-team", NULL, 3},
        {"prod-eks", "search", "search-index", "shop/search-index", "edge-team", NULL, 2},
        {"prod-eks", "identity", "login", "core/login", "identity", NULL, 3},
        {"prod-eks", "identity", "session-store", "core/session", "identity", NULL, 2},
        {"prod-eks", "notify", "mailer", "shop/mailer", "support", NULL, 2},
        {"prod-eks", "notify", "sms", "shop/sms", "support", NULL, 1},
        {"prod-eks", "monitoring", "prometheus", "mirror/prometheus", "platform", NULL, 2},
        {"prod-eks", "monitoring", "grafana", "mirror/grafana", "platform", NULL, 1},
        {"prod-eks", "monitoring", "node-agent", "mirror/node-agent", "platform", NULL, 8},
        {"prod-eks", "argocd", "argocd-server", "mirror/argocd", "platform", NULL, 1},
        {"prod-eks", "argocd", "argocd-controller", "mirror/argocd", "platform", NULL, 1},
        {"prod-eks", "kube-system", "coredns", "mirror/coredns", "platform", NULL, 2},
        {"prod-eks", "kube-system", "kube-proxy", "mirror/kube-proxy", "platform", NULL, 8},
        {"prod-eks", "kube-system", "cluster-autoscaler", "mirror/autoscaler", "platform", NULL, 1},
        {"dev-eks", "shop", "checkout", "shop/checkout", "payments", NULL, 1},
        {"dev-eks", "shop", "cart", "shop/cart", "payments", NULL, 1},
        {"dev-eks", "shop", "search-api", "shop/search", "edge-team", NULL, 1},
        {"dev-eks", "core", "ledger", "core/ledger", "payments", NULL, 1},
        {"dev-eks", "ml", "notebook", "ml/notebook", "ml-research", NULL, 2},
        {"dev-eks", "ml", "trainer", "ml/trainer", "ml-research", NULL, 1},
        {"dev-eks", "kube-system", "coredns", "mirror/coredns", "platform", NULL, 2},
        {0},
};

const struct vm_row world_vm_rows[] = {
        {"avd-desk-01", "rg-desktops", "oscar.diaz", "people-team"},
        {"avd-desk-02", "rg-desktops", "paula.rossi", "people-team"},
        {"avd-desk-03", "rg-desktops", "marek.olsen", "data-platform"},
        {"avd-desk-04", "rg-desktops", "ines.costa", "data-platform"},
        {"avd-desk-05", "rg-desktops", "kim.tran", "support"},
        {"avd-desk-06", "rg-desktops", "lea.martin", "support"},
        {"avd-desk-07", "rg-desktops", "dana.reyes", "platform"},
        {"avd-desk-08", "rg-desktops", "quentin.roy", "marketing"},
        {"az-files-01", "rg-files", NULL, "platform"},
        {"az-sync-01", "rg-identity", NULL, "identity"},
        {"az-vpn-01", "rg-network", NULL, "platform"},
        {0},
};

const struct named_row world_key_rows[] = {
        {"payroll", "kms_key", "people-team", PROD},
        {"fin-archive", "kms_key", "payments", PROD},
        {"orders", "kms_key", "payments", PROD},
        {"backups", "kms_key", "platform", PROD},
        {"ebs-default", "kms_key", "platform", PROD},
        {"org-logs", "kms_key", "security", SEC},
        {"dev-default", "kms_key", "platform", DEV},
        {"web-session", "secret", "edge-team", PROD},
        {"api-orders-db", "secret", "payments", PROD},
        {"api-ledger-db", "secret", "payments", PROD},
        {"api-psp-token", "secret", "payments", PROD},
        {"report-db", "secret", "data-platform", PROD},
        {"mail-relay", "secret", "support", PROD},
        {"siem-token", "secret", "security", SEC},
        {"dev-db", "secret", "platform", DEV},
        {0},
};
