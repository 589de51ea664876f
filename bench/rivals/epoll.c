/*
 * A bare loop on epoll, level-triggered, on sockets that do not block: what a server costs where there is
 * nothing but system calls. Answers to what one read brings go out in one write.
 *
 *   epoll echo|pipelined|sends|udp     prints "address 127.0.0.1:PORT" and serves
 *   epoll bulk MEGABYTES               sends them to itself and prints the CPU time
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST = 64, SENDS = 32, READ = 65536, EVENTS = 1024 };

struct connection {
    int fd;
    size_t partial; /* bytes of a request that is not complete */
    size_t queued;  /* bytes that the socket did not take */
    char *queue;
};

typedef size_t (*answer)(struct connection *, size_t count);

static char input[READ];
static char output[READ / REQUEST * REQUEST * SENDS];
static int poller;

static void check(int result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
}

static void watch(int operation, struct connection *connection, unsigned events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    check(epoll_ctl(poller, operation, connection->fd, &event), "epoll_ctl");
}

static void add(int fd) {
    struct connection *connection = calloc(1, sizeof *connection);
    int one = 1;
    connection->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    watch(EPOLL_CTL_ADD, connection, EPOLLIN);
}

static void drop(struct connection *connection) {
    close(connection->fd);
    free(connection->queue);
    free(connection);
}

static size_t echo(struct connection *connection, size_t count) {
    (void)connection;
    memcpy(output, input, count);
    return count;
}

static size_t answer_requests(struct connection *connection, size_t count, int times) {
    char *end = output;
    connection->partial += count;
    for (; connection->partial >= REQUEST; connection->partial -= REQUEST)
        for (int time = 0; time < times; time++, end += REQUEST)
            memset(end, 'x', REQUEST);
    return end - output;
}

static size_t pipelined(struct connection *connection, size_t count) {
    return answer_requests(connection, count, 1);
}

static size_t sends(struct connection *connection, size_t count) {
    return answer_requests(connection, count, SENDS);
}

/* Writes; what the socket does not take waits until it does. Whether the connection is sound. */
static int reply(struct connection *connection, const char *data, size_t size) {
    ssize_t written = write(connection->fd, data, size);
    if (written < 0 && errno != EAGAIN)
        return 0;
    size_t rest = size - (written < 0 ? 0 : written);
    if (rest == 0)
        return 1;
    char *queue = malloc(rest);
    memcpy(queue, data + size - rest, rest);
    free(connection->queue);
    connection->queue = queue;
    connection->queued = rest;
    watch(EPOLL_CTL_MOD, connection, EPOLLOUT);
    return 1;
}

static int flush(struct connection *connection) {
    ssize_t written = write(connection->fd, connection->queue, connection->queued);
    if (written < 0)
        return errno == EAGAIN;
    connection->queued -= written;
    memmove(connection->queue, connection->queue + written, connection->queued);
    if (connection->queued == 0)
        watch(EPOLL_CTL_MOD, connection, EPOLLIN);
    return 1;
}

static void serve_connection(struct connection *connection, answer answer) {
    int sound = 1;
    if (connection->queued > 0) {
        sound = flush(connection);
    } else {
        ssize_t count = read(connection->fd, input, READ);
        if (count > 0) {
            size_t size = answer(connection, count);
            sound = size == 0 || reply(connection, output, size);
        } else {
            sound = count < 0 && errno == EAGAIN;
        }
    }
    if (!sound)
        drop(connection);
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        add(fd);
}

static void serve_datagrams(int fd) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    ssize_t count;
    while ((count = recvfrom(fd, input, READ, 0, (struct sockaddr *)&peer, &length)) >= 0)
        sendto(fd, input, count, 0, (struct sockaddr *)&peer, length);
}

static int bound(int type, struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(fd, "socket");
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(fd, (struct sockaddr *)address, sizeof *address), "bind");
    check(getsockname(fd, (struct sockaddr *)address, &length), "getsockname");
    if (type == SOCK_STREAM)
        check(listen(fd, 1024), "listen");
    return fd;
}

static void serve(const char *kind) {
    int datagrams = strcmp(kind, "udp") == 0;
    answer answer = strcmp(kind, "pipelined") == 0 ? pipelined : strcmp(kind, "sends") == 0 ? sends : echo;
    struct epoll_event events[EVENTS];
    struct sockaddr_in address;
    struct connection listener = {.fd = bound(datagrams ? SOCK_DGRAM : SOCK_STREAM, &address)};
    watch(EPOLL_CTL_ADD, &listener, EPOLLIN);
    printf("address 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection != &listener)
                serve_connection(connection, answer);
            else if (datagrams)
                serve_datagrams(listener.fd);
            else
                accept_all(listener.fd);
        }
    }
}

/* Both ends are ours, as in the line of the same name: the next megabyte goes once the one before has come. */
static void bulk(long megabytes) {
    static char megabyte[1 << 20];
    struct epoll_event events[2];
    struct sockaddr_in address;
    int listener = bound(SOCK_STREAM, &address);
    struct connection sender = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    check(connect(sender.fd, (struct sockaddr *)&address, sizeof address), "connect");
    struct connection receiver = {.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    check(receiver.fd, "accept");
    watch(EPOLL_CTL_ADD, &receiver, EPOLLIN);
    watch(EPOLL_CTL_ADD, &sender, 0);
    for (; megabytes > 0; megabytes--) {
        size_t sent = 0, received = 0;
        watch(EPOLL_CTL_MOD, &sender, EPOLLOUT);
        while (received < sizeof megabyte) {
            int count = epoll_wait(poller, events, 2, -1);
            for (int index = 0; index < count; index++) {
                if (events[index].data.ptr == &receiver) {
                    ssize_t size = read(receiver.fd, input, READ);
                    received += size > 0 ? size : 0;
                } else {
                    ssize_t size = send(sender.fd, megabyte + sent, sizeof megabyte - sent, MSG_DONTWAIT);
                    sent += size > 0 ? size : 0;
                    if (sent == sizeof megabyte)
                        watch(EPOLL_CTL_MOD, &sender, 0);
                }
            }
        }
    }
}

static void tell_cost(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("cpu %ld.%06ld %ld.%06ld\npeak %ld\n", usage.ru_utime.tv_sec, usage.ru_utime.tv_usec,
           usage.ru_stime.tv_sec, usage.ru_stime.tv_usec, usage.ru_maxrss);
}

int main(int count, char **arguments) {
    if (count < 2)
        return 1;
    poller = epoll_create1(EPOLL_CLOEXEC);
    check(poller, "epoll_create1");
    if (strcmp(arguments[1], "bulk") != 0)
        serve(arguments[1]);
    bulk(count > 2 ? atol(arguments[2]) : 1);
    tell_cost();
    return 0;
}
