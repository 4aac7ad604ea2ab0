# Shared by the flow tests: programs of the build that is tested, a fresh state directory, ok and not ok.
mw=$MW_BUILD/midwatch
S=$(mktemp -d "$MW_WORK/flow.XXXXXX")
chmod 700 "$S"
export MW_IDLE=30s
trap '"$mw" --state "$S" engine stop >/dev/null 2>&1' EXIT

run() { # words of midwatch
	"$mw" --state "$S" "$@"
}
ok() { # name, command...
	local name=$1
	shift
	if "$@" >"$MW_WORK/flow.out" 2>&1; then
		echo "ok $name"
	else
		echo "not ok $name"
		sed 's/^/# /' "$MW_WORK/flow.out" | head -n 20
	fi
}
fails() { # the same, where the command has to fail
	! "$@"
}
says() { # text, command...: it says that (on either stream), whatever its exit status
	local text=$1
	shift
	"$@" 2>&1 | grep -qF -- "$text"
}
status() { # exit status, command...
	local want=$1 got
	shift
	"$@"
	got=$?
	[ "$got" = "$want" ] || { echo "exit status $got, not $want"; return 1; }
}
engine_pid() {
	run engine status --json | sed 's/^{"version":"[^"]*","pid":\([0-9]*\),.*/\1/' # workers have a pid, too
}
lines() { # file, number of CloudTrail records: seeded, with ids of their own
	awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++)
		printf "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":\"u%d\"},\"eventTime\":\"2026-01-02T%02d:%02d:%02dZ\",\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\",\"awsRegion\":\"eu-west-1\",\"sourceIPAddress\":\"198.51.100.%d\",\"eventID\":\"00000000-0000-0000-0000-%012d\",\"eventType\":\"AwsApiCall\",\"recipientAccountId\":\"111122223333\"}\n",
			i % 50, int(i / 3600) % 24, int(i / 60) % 60, i % 60, i % 250, i }' >"$1"
}
finding() { # number, title, user, address: a GuardDuty record of its own
	printf '{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","partition":"aws","id":"aaaabbbbccccddddeeeeffff0000%04d","arn":"arn:aws:guardduty:eu-west-1:111122223333:detector/x/finding/y%d","type":"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS","resource":{"resourceType":"AccessKey","accessKeyDetails":{"accessKeyId":"ASIAEXAMPLE%09d","principalId":"AROA%d:x","userType":"AssumedRole","userName":"%s"}},"service":{"serviceName":"guardduty","detectorId":"x","action":{"actionType":"AWS_API_CALL","awsApiCallAction":{"api":"GetObject","serviceName":"s3.amazonaws.com","callerType":"Remote IP","remoteIpDetails":{"ipAddressV4":"%s"}}},"eventFirstSeen":"2026-01-02T02:41:06Z","eventLastSeen":"2026-01-02T03:00:00Z","archived":false,"count":3},"severity":8,"createdAt":"2026-01-02T03:00:00Z","updatedAt":"2026-01-02T03:00:00Z","title":"%s","description":"x"}\n' \
		"$1" "$1" "$1" "$1" "$3" "$4" "$2"
}
findings() { # how many: each an incident of its own
	local n
	for n in $(seq "$1"); do finding "$n" "Credentials used from outside, $n" "role-$n" "203.0.113.$n"; done
}
until_queue() { # number of incidents that are wanted in the queue
	for _ in $(seq 300); do
		[ "$(run queue | grep -c '^INC-')" -ge "$1" ] && return 0
		sleep 0.05
	done
	run queue
	return 1
}
