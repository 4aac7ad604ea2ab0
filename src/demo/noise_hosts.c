/*
 * Ordinary life on the endpoints: desktops in work hours, servers all day.
 */
#include "demo/streams.h"

struct program {
	const char *image, *command, *parent, *peer,
	        *name; /* peer NULL: does not use the network */
	int weight;
};
static const struct program programs[] = {
        {"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", "chrome.exe --type=renderer",
         "C:\\Windows\\explorer.exe", "192.0.2.21", "www.weather-site.example", 30},
        {"C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", "OUTLOOK.EXE",
         "C:\\Windows\\explorer.exe", "198.51.100.250", "outlook.office365.com", 20},
        {"C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE", "EXCEL.EXE /dde",
         "C:\\Windows\\explorer.exe", NULL, NULL, 12},
        {"C:\\Program Files\\Teams\\ms-teams.exe", "ms-teams.exe", "C:\\Windows\\explorer.exe",
         "198.51.100.251", "teams.microsoft.com", 14},
        {"C:\\Windows\\System32\\svchost.exe", "svchost.exe -k netsvcs -p",
         "C:\\Windows\\System32\\services.exe", NULL, NULL, 22},
        {"C:\\Windows\\System32\\conhost.exe", "conhost.exe 0xffffffff",
         "C:\\Windows\\System32\\cmd.exe", NULL, NULL, 6},
        {"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
         "powershell.exe -NoProfile -File C:\\IT\\inventory.ps1",
         "C:\\Windows\\System32\\svchost.exe", "@az-sync-01", "az-sync-01", 5},
        {"C:\\Windows\\System32\\msiexec.exe", "msiexec.exe /i agent-8.13.msi /qn",
         "C:\\Windows\\System32\\svchost.exe", NULL, NULL, 2},
        {"C:\\Program Files\\Git\\cmd\\git.exe", "git.exe fetch origin",
         "C:\\Windows\\System32\\cmd.exe", "192.0.2.25", "code.harborlight.example", 4},
};

static const struct program *pick_program(struct demo *d)
{
	int x = rng_between(&d->rng, 0, 114);
	for (size_t i = 0;; i++)
		if ((x -= programs[i].weight) < 0)
			return &programs[i];
}

static void desktop(struct demo *d, const struct azure_vm *v)
{
	const char *user = v->user ? v->user : "svc-host$";
	for (int k = part_scaled(d, 420); k > 0; k--) {
		mw_time at = part_any_time(d) + rng_between(&d->rng, 0, 999) * 1000;
		if (v->user && !rng_chance(&d->rng, part_busy(at)))
			continue;
		const struct program *p = pick_program(d);
		sysmon_process(d, at, v->name, user, p->image, p->command, p->parent);
		if (p->peer && rng_chance(&d->rng, 60))
			sysmon_network(d, at + 400000, v->name, user, p->image, v->ip,
			               world_address(&d->w, p->peer), 443, p->name);
	}
}

static void logons(struct demo *d)
{
	static const char *const servers[] = {"fs-win-01", "fs-win-02", "dc-win-01", "dc-win-02"};
	for (int k = part_scaled(d, 700); k > 0; k--) {
		struct azure_vm *v = &d->w.vms.v[rng_below(&d->rng, 8)];
		mw_time at = part_any_time(d);
		bool wrong = rng_chance(&d->rng, 4);
		if (!rng_chance(&d->rng, part_busy(at) + 10))
			continue;
		windows_put(
		        d, at, servers[rng_skewed(&d->rng, 4)], wrong ? 4625 : 4624, "Security",
		        "Microsoft-Windows-Security-Auditing",
		        jf(d,
		           "'TargetUserName':%s,'TargetDomainName':'HARBORLIGHT','LogonType':'3','"
		           "IpAddress':%s,'WorkstationName':%s,"
		           "'AuthenticationPackageName':'Kerberos'%-s",
		           v->user, v->ip, v->name,
		           wrong ? ",\"Status\":\"0xc000006d\",\"SubStatus\":\"0xc000006a\"" : ""));
	}
}

struct job {
	const char *fleet, *user, *exe, *args, *parent;
	int times;
};
static const struct job jobs[] = {
        {"web", "root", "/usr/sbin/logrotate", "logrotate /etc/logrotate.conf", "/usr/sbin/cron",
         130},
        {"web", "www", "/usr/sbin/nginx", "nginx: worker process", "/usr/sbin/nginx", 160},
        {"api", "app", "/usr/bin/java", "java -jar /opt/api/api.jar", "/usr/lib/systemd/systemd",
         90},
        {"api", "root", "/usr/bin/ssm-agent-worker", "ssm-agent-worker", "/usr/lib/systemd/systemd",
         140},
        {"worker", "app", "/usr/bin/python3", "python3 /opt/worker/run.py --queue orders",
         "/usr/lib/systemd/systemd", 200},
        {"eks-node", "root", "/usr/bin/containerd-shim-runc-v2",
         "containerd-shim-runc-v2 -namespace k8s.io", "/usr/bin/containerd", 300},
        {"eks-node", "root", "/usr/bin/kubelet", "kubelet --config /etc/kubelet.json",
         "/usr/lib/systemd/systemd", 100},
        {"bastion", "alice.moreau", "/usr/bin/ssh", "ssh web-03", "/usr/bin/bash", 25},
        {"bastion", "bjorn.lind", "/usr/bin/ssh", "ssh worker-02", "/usr/bin/bash", 20},
        {"report", "report", "/usr/bin/python3", "python3 /opt/report/build.py --day yesterday",
         "/usr/sbin/cron", 60},
        {"collector", "siem", "/usr/bin/fluent-bit", "fluent-bit -c /etc/fluent-bit.conf",
         "/usr/lib/systemd/systemd", 60},
        {"dev-app", "dev", "/usr/bin/node", "node server.js", "/usr/bin/npm", 150},
        {"scanner", "scan", "/opt/scan/bin/vulnscan",
         "vulnscan --targets 10.20.0.0/16 --profile monthly", "/usr/sbin/cron", 6},
};

static struct instance *any_of(struct demo *d, const char *fleet)
{
	uint32_t n = (uint32_t)d->w.instances.n;
	struct instance *i = &d->w.instances.v[rng_below(&d->rng, n)];
	while (strcmp(i->fleet, fleet) != 0)
		i = &d->w.instances.v[rng_below(&d->rng, n)];
	return i;
}

/* Access log lines of the web tier as syslog carries them. */
static void web_requests(struct demo *d)
{
	static const char *const pages[] = {"/",
	                                    "/cart",
	                                    "/checkout",
	                                    "/login",
	                                    "/api/v2/price?sku=1441",
	                                    "/img/logo.svg",
	                                    "/fetch?url=https://cdn.harborlight.example/banner.png",
	                                    "/healthz"};
	for (int k = part_scaled(d, 1100); k > 0; k--) {
		mw_time at = part_any_time(d);
		if (!rng_chance(&d->rng, 20 + part_busy(at)))
			continue;
		struct instance *i = any_of(d, "web");
		linux_syslog(d, at, i, "nginx",
		             arena_printf(&d->out.arena,
		                          "192.0.2.%u - - \"GET %s HTTP/1.1\" %d %d \"-\" \"%s\"",
		                          1 + rng_skewed(&d->rng, 40),
		                          pages[rng_skewed(&d->rng, ARRAY_LEN(pages))],
		                          rng_chance(&d->rng, 95) ? 200 : 404,
		                          rng_between(&d->rng, 200, 90000), AGENT_WEB));
	}
}

static void ssh_logins(struct demo *d)
{
	struct instance *b = world_instance(&d->w, "bastion-01");
	for (int k = part_scaled(d, 120); k > 0; k--) {
		mw_time at = part_any_time(d);
		if (rng_chance(&d->rng, part_busy(at)))
			linux_syslog(
			        d, at, b, "sshd",
			        arena_printf(
			                &d->out.arena,
			                "Accepted publickey for %s from %s port %d ssh2: ED25519",
			                rng_chance(&d->rng, 50) ? "alice.moreau" : "bjorn.lind",
			                part_office_ip(d), rng_between(&d->rng, 32768, 60999)));
	}
}

void noise_hosts(struct demo *d)
{
	part_begin(d, "hosts");
	struct azure_vm *v;
	vec_each (v, &d->w.vms)
		desktop(d, v);
	logons(d);
	for (size_t j = 0; j < ARRAY_LEN(jobs); j++)
		for (int k = part_scaled(d, jobs[j].times * 3 / 2); k > 0; k--)
			linux_exec(d, part_any_time(d) + rng_between(&d->rng, 0, 999) * 1000,
			           any_of(d, jobs[j].fleet), jobs[j].user, jobs[j].exe,
			           jobs[j].args, jobs[j].parent);
	web_requests(d);
	ssh_logins(d);
}
