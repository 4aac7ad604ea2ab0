#!/usr/bin/env bash
# Approvals over the real engine: only what was shown, only once, only in time, and every outcome on record.
. "$(dirname "$0")/lib.sh"
cat >"$S/finding.json" <<'END'
{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","partition":"aws","id":"aaaabbbbccccddddeeeeffff00001111","arn":"arn:aws:guardduty:eu-west-1:111122223333:detector/x/finding/y","type":"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS","resource":{"resourceType":"AccessKey","accessKeyDetails":{"accessKeyId":"ASIAEXAMPLE0000001","principalId":"AROA:i-0abc","userType":"AssumedRole","userName":"app-web"}},"service":{"serviceName":"guardduty","detectorId":"x","action":{"actionType":"AWS_API_CALL","awsApiCallAction":{"api":"GetObject","serviceName":"s3.amazonaws.com","callerType":"Remote IP","remoteIpDetails":{"ipAddressV4":"203.0.113.77"}}},"eventFirstSeen":"2026-01-02T02:41:06Z","eventLastSeen":"2026-01-02T03:00:00Z","archived":false,"count":3},"severity":8,"createdAt":"2026-01-02T03:00:00Z","updatedAt":"2026-01-02T03:00:00Z","title":"Credentials used from an external address","description":"x"}
END
digest() { # action
	run call action.get "{\"action\":\"$1\"}" | sed 's/.*"digest":"\([0-9a-f]*\)".*/\1/'
}
run import "$S/finding.json" >/dev/null 2>&1
for _ in $(seq 200); do run queue | grep -q INC-1 && break; sleep 0.02; done
ok "a playbook fits" says "claim" run call playbook.get '{"incident":"INC-1"}'
ok "a step without target is refused" says 'no target "aws" is configured' run action propose INC-1 2
ok "a step that is not there" status 3 run action propose INC-1 99
ok "a local one is proposed" says "A-1" run action propose INC-1 1
ok "once" says "A-1 asks for this step already" run action propose INC-1 1
D=$(digest A-1)
ok "the wrong word" says "the word typed is not the target's" run action approve A-1 "$D" y
ok "a stale digest" says "not the one that was shown" run action approve A-1 00 INC-1
ok "nothing has happened" says '"state":"open"' run call action.get '{"action":"A-1"}'
ok "nor to the incident" says '"state":"new"' run call queue.list '{}'
ok "approved" says '"state":"done"' run call action.approve "{\"action\":\"A-1\",\"digest\":\"$D\",\"word\":\"INC-1\"}"
ok "and done" says '"state":"work"' run call queue.list '{}'
ok "a second answer" says "it is done already" run action approve A-1 "$D" INC-1
ok "a denial of what is done" says "it is done already" run action deny A-1 late
ok "its reverse is a new action" says "reverses    A-1" run action reverse A-1
ok "that is denied only with a reason" says "needs its reason" run action deny A-2 " "
ok "denied" says "denied" run action deny A-2 "not needed"
ok "a denied one is not approved" says "it is denied already" run action approve A-2 "$(digest A-2)" INC-1
run action reverse A-1 >/dev/null
D=$(digest A-3)
run case INC-1 status wait >/dev/null
ok "what changed meanwhile is not approved" says "propose it again" run action approve A-3 "$D" INC-1
run action propose INC-1 4 >/dev/null
ok "a draft is made after its approval" says '"doc":1' run call action.approve "{\"action\":\"A-4\",\"digest\":\"$(digest A-4)\",\"word\":\"INC-1\"}"
D=$(digest A-3)
run engine stop >/dev/null
ok "a new engine approves nothing that was asked before" says "it is lapsed already" run action approve A-3 "$D" INC-1
ok "the incident tells it all" says "A-3 lapsed" run case INC-1
run handoff >/dev/null
ok "a report is no handoff" says "is a report" run call handoff.sign '{"doc":1}'
ok "a handoff is signed" says '"item":"INC-1"' run call handoff.sign '{"doc":2,"to":"day-1"}'
ok "once" says "signed already" run call handoff.sign '{"doc":2}'
ok "its version is frozen" says "signed" run call report.save '{"doc":2,"markdown":"x"}'
ok "both names stand on the row" says '"owner":"'"$(id -un)"' -> day-1"' run call queue.list '{}'
ok "who signed does not accept" says "the one who comes accepts it" run call handoff.accept '{"doc":2,"item":"INC-1"}'
ok "refusals are in the audit log" says "action.refused" run call audit.list '{}'
ok "whose chain holds" says '"ok":true' run call audit.verify

