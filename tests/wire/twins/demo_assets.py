"""Assets of the demo company as any CNAPP sees them, read from the inventory that demo-data wrote beside the lake."""
import glob, json, os


def read(pattern):
    for path in sorted(glob.glob(pattern)):
        with open(path) as f:
            yield path.split("/inventory/aws/")[1].split("/")[:2], json.load(f)


def tags(o):
    return {t["Key"]: t["Value"] for t in o.get("Tags") or []}


def assets(lake):
    """[{kind, id, name, account, region, tags, public, private, arn}]"""
    top = os.path.join(os.path.dirname(os.path.abspath(lake)), "demo", "inventory", "aws", "*", "*")
    out = []
    for (account, region), doc in read(top + "/ec2-describe-instances.json"):
        for i in (i for r in doc["Reservations"] for i in r["Instances"]):
            out.append({"kind": "instance", "id": i["InstanceId"], "name": tags(i).get("Name", i["InstanceId"]), "account": account, "region": region, "tags": tags(i),
                        "public": i.get("PublicIpAddress"), "private": i.get("PrivateIpAddress"), "arn": f"arn:aws:ec2:{region}:{account}:instance/{i['InstanceId']}", "raw": i})
    for (account, region), doc in read(top + "/s3-list-buckets.json"):
        for b in doc["Buckets"]:
            out.append({"kind": "bucket", "id": b["Name"], "name": b["Name"], "account": account, "region": region, "tags": {}, "public": None, "private": None,
                        "arn": "arn:aws:s3:::" + b["Name"], "raw": b})
    for (account, region), doc in read(top + "/iam-get-account-authorization-details.json"):
        for u in doc["UserDetailList"]:
            out.append({"kind": "user", "id": u["Arn"], "name": u["UserName"], "account": account, "region": "global", "tags": tags(u), "public": None, "private": None, "arn": u["Arn"],
                        "raw": {"UserName": u["UserName"], "Arn": u["Arn"]}})
    return out
