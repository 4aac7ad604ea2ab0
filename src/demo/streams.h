/*
 * Writers of the logs that are not CloudTrail. Each puts one record, at its time, into the right
 * stream; events outside the three days are dropped. Format sources: AWS "Flow log records"
 * (version 2 and 5) and "Resolver query logging"; Microsoft "SignInLogs" and "AuditLogs" diagnostic
 * categories; winlogbeat with Sysmon; Azure Monitor agent's Syslog rows with AUOMS audit text;
 * Kubernetes audit.k8s.io/v1.
 */
#ifndef MW_STREAMS_H
#define MW_STREAMS_H

#include "demo/trail.h"

struct flow {
	enum vpc_ix vpc;
	const char *eni, *instance; /* instance NULL: not an instance's interface */
	const char *src, *dst;
	int sport, dport, protocol; /* protocol 6 tcp, 17 udp */
	int packets, seconds;
	int64_t bytes;
	bool reject, ingress;
	int subnet; /* index, -1 unknown */
};
void flow_put(struct demo *d, mw_time at, const struct flow *f);
/* The interface of an instance as the place where the flow is seen: out to peer:port, or in from
 * it. */
void flow_out(struct demo *d, mw_time at, const struct instance *i, const char *peer, int port,
              int64_t bytes);
void flow_in(struct demo *d, mw_time at, const struct instance *i, const char *peer, int port,
             int64_t bytes, bool reject);
void flow_db(struct demo *d, mw_time at, const struct database *db, const char *peer, bool ingress,
             int64_t bytes);

void dns_put(struct demo *d, mw_time at, const struct instance *i, const char *name,
             const char *type, const char *answer); /* answer NULL: NXDOMAIN */

struct signin {
	const char *user, *ip, *app,
	        *client; /* client: "Browser", "Mobile Apps and Desktop clients" */
	const char *city, *country;
	const char *device;  /* NULL: unknown device */
	const char *session; /* NULL: a fresh one */
	const char *failure; /* NULL: success */
	int error;
	bool mfa;
};
void azure_signin(struct demo *d, mw_time at, const struct signin *s);
void azure_audit(struct demo *d, mw_time at, const char *operation, const char *by,
                 const char *target, const char *ip, const char *detail);

/* Windows, winlogbeat shape. data: JSON members of event_data. */
void windows_put(struct demo *d, mw_time at, const char *host, int event, const char *channel,
                 const char *provider, const char *data);
void sysmon_process(struct demo *d, mw_time at, const char *host, const char *user,
                    const char *image, const char *command, const char *parent);
void sysmon_network(struct demo *d, mw_time at, const char *host, const char *user,
                    const char *image, const char *src, const char *dst, int port,
                    const char *name);

void linux_syslog(struct demo *d, mw_time at, const struct instance *i, const char *process,
                  const char *text);
void linux_exec(struct demo *d, mw_time at, const struct instance *i, const char *user,
                const char *exe, const char *args, const char *parent);

struct kube {
	const char *cluster, *user, *groups, *verb, *resource, *sub, *ns, *name, *ip, *agent;
	int code;
	const char *request; /* requestObject, JSON, or NULL */
};
void kube_put(struct demo *d, mw_time at, const struct kube *k);

void noise_net(struct demo *d);
void noise_hosts(struct demo *d);
void noise_azure(struct demo *d);
void noise_kube(struct demo *d);
void stories_put(struct demo *d);

#endif
