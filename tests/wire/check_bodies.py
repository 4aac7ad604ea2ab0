"""Request bodies (lines of {dialect, body} on stdin) against the providers' own schemas: check_bodies.py SPECS. Prints a count, or what is wrong."""
import json
import sys

import jsonschema
from jsonschema import Draft202012Validator

specs = sys.argv[1]
kinds = {
    "openai": (f"{specs}/openai/openapi.json", "CreateChatCompletionRequest"),
    "anthropic": (f"{specs}/anthropic/hosted_spec.json", "CreateMessageParams"),
}


def nullable(x):
    """OpenAPI 3.0's nullable as JSON Schema says it; a type that the document left null says nothing."""
    if isinstance(x, dict):
        x = {k: nullable(v) for k, v in x.items()}
        if "type" in x and x["type"] is None:
            del x["type"]
        if x.get("nullable") is True and isinstance(x.get("type"), (str, list)):
            x["type"] = [x["type"], "null"] if isinstance(x["type"], str) else x["type"] + ["null"]
        return x
    return [nullable(v) for v in x] if isinstance(x, list) else x


validators = {}
for kind, (path, name) in kinds.items():
    doc = nullable(json.load(open(path)))
    schema = {"$ref": f"#/components/schemas/{name}", "components": doc["components"]}
    validators[kind] = Draft202012Validator(schema)

n = {k: 0 for k in kinds}
bad = 0
for line in sys.stdin:
    x = json.loads(line)
    n[x["dialect"]] += 1
    for e in validators[x["dialect"]].iter_errors(x["body"]):
        bad += 1
        best = jsonschema.exceptions.best_match([e])
        print(f"{x['dialect']}: {list(best.absolute_path)}: {best.message[:300]}")
if not all(n.values()):
    bad += 1
    print(f"too few bodies: {n}")
# the check itself must be able to fail
for kind, body in (("openai", {"model": "m", "messages": "x"}), ("anthropic", {"model": "m", "messages": []})):
    if validators[kind].is_valid(body):
        bad += 1
        print(f"{kind}: the schema takes a wrong body")
print(f"{n['openai']} bodies for OpenAI, {n['anthropic']} for Anthropic")
sys.exit(bad > 0)
