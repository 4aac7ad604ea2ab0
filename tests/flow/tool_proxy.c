/* A proxy that lets nothing through and writes down what was asked of it: tool_proxy LOG. Prints its port, runs until stdin ends. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_here(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&at, &n))
		return -1;
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

/* The first line of a request is what matters: method and address. */
static void note(int client, int log)
{
	static const char no[] =
	        "HTTP/1.1 403 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	char line[2048];
	ssize_t n = read(client, line, sizeof(line) - 1), end = 0;

	while (end < n && line[end] != '\r' && line[end] != '\n')
		end++;
	line[end] = '\n';
	if (n > 0 &&
	    (write(log, line, (size_t)end + 1) < 0 || write(client, no, sizeof(no) - 1) < 0))
		perror("tool_proxy");
	close(client);
}

int main(int argc, char **argv)
{
	int log = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
	int fd = listen_here();

	if (log < 0 || fd < 0) {
		perror("tool_proxy");
		return 1;
	}
	for (;;) {
		struct pollfd p[2] = {{.fd = fd, .events = POLLIN},
		                      {.fd = STDIN_FILENO, .events = POLLIN}};
		char byte;
		if (poll(p, 2, -1) < 0)
			return 1;
		if (p[1].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			return 0;
		if (p[0].revents) {
			int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
			if (client >= 0)
				note(client, log);
		}
	}
}
