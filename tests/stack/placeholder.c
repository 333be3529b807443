/* A function that does nothing, for the emulator and for sam local: it speaks the Lambda Runtime API,
 * answers each event with its own name, and a custom resource with success. It shows that the stack
 * deploys and is wired up, before and without the real programs.
 *
 *   cc -O1 -o bootstrap placeholder.c
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_EVENT = 8 << 20 };
static char event[MAX_EVENT];

static int dial(void) {
    char host[256], *port;
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    if (!api || strlen(api) >= sizeof host) exit(1);
    strcpy(host, api);
    port = strrchr(host, ':');
    if (port) *port++ = 0;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, port ? port : "80", &hints, &found)) exit(1);
    int s = -1;
    for (struct addrinfo *a = found; a; a = a->ai_next) {
        s = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (s >= 0 && !connect(s, a->ai_addr, a->ai_addrlen)) break;
        if (s >= 0) close(s);
        s = -1;
    }
    freeaddrinfo(found);
    if (s < 0) exit(1);
    return s;
}

/* One request; the answer is read to the end of the connection or of its announced length. */
static char *ask(const char *method, const char *path, const char *body) {
    int s = dial();
    char head[1024];
    int n = snprintf(head, sizeof head,
                     "%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: runtime\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                     method, path, strlen(body));
    if (write(s, head, n) < 0 || (*body && write(s, body, strlen(body)) < 0)) exit(1);
    size_t have = 0;
    for (;;) {
        ssize_t got = read(s, event + have, MAX_EVENT - 1 - have);
        if (got <= 0) break;
        have += got;
        event[have] = 0;
        char *end = strstr(event, "\r\n\r\n"), *length = strcasestr(event, "content-length:");
        if (end && length && length < end && have >= (end + 4 - event) + strtoul(length + 15, 0, 10)) break;
    }
    close(s);
    event[have] = 0;
    return event;
}

/* The text of a member, unescaped as far as addresses need it; members of inner objects count too. */
static int member(const char *json, const char *name, char *out, size_t max) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    const char *at = strstr(json, quoted);
    if (!at || !(at = strchr(at + strlen(quoted), '"'))) return 0;
    size_t n = 0;
    for (at++; *at && *at != '"' && n + 1 < max; at++) {
        if (*at == '\\') {
            at++;
            if (*at == 'u') {
                out[n++] = (char)strtol((char[]){at[3], at[4], 0}, 0, 16);
                at += 4;
                continue;
            }
        }
        out[n++] = *at;
    }
    out[n] = 0;
    return 1;
}

/* Tells CloudFormation that all went well; the address is https, which curl speaks. */
static void answer_cloudformation(const char *json) {
    char url[4096], stack[512], request[256], logical[256], body[2048], file[] = "/tmp/answerXXXXXX";
    if (!member(json, "ResponseURL", url, sizeof url)) return;
    if (strchr(url, '\'')) return;
    member(json, "StackId", stack, sizeof stack);
    member(json, "RequestId", request, sizeof request);
    member(json, "LogicalResourceId", logical, sizeof logical);
    int n = snprintf(body, sizeof body,
                     "{\"Status\":\"SUCCESS\",\"PhysicalResourceId\":\"placeholder\",\"StackId\":\"%s\","
                     "\"RequestId\":\"%s\",\"LogicalResourceId\":\"%s\",\"Data\":{}}",
                     stack, request, logical);
    int f = mkstemp(file);
    if (f < 0 || write(f, body, n) != n) return;
    close(f);
    char command[8192];
    snprintf(command, sizeof command, "curl -sS -X PUT -H 'Content-Type:' --data-binary @%s '%s'", file, url);
    if (system(command)) fprintf(stderr, "cloudformation could not be answered\n");
    unlink(file);
}

int main(void) {
    const char *name = getenv("AWS_LAMBDA_FUNCTION_NAME");
    for (;;) {
        char *answer = ask("GET", "invocation/next", "");
        char *json = strstr(answer, "\r\n\r\n"), *at = strcasestr(answer, "lambda-runtime-aws-request-id:");
        if (!json || !at) { sleep(1); continue; }
        char id[128] = "", path[256], reply[512];
        sscanf(at + 30, " %127[^\r\n]", id);
        printf("{\"level\":\"INFO\",\"message\":\"placeholder invoked\",\"service\":\"%s\",\"event_bytes\":%zu}\n",
               name ? name : "", strlen(json + 4));
        fflush(stdout);
        answer_cloudformation(json + 4);
        const char *kind = strstr(json, "\"Records\"") && strstr(json, "aws:sqs") ? "\"batchItemFailures\":[]," : "";
        snprintf(reply, sizeof reply,
                 "{%s\"statusCode\":200,\"headers\":{\"content-type\":\"text/plain\"},\"body\":\"%s\"}",
                 kind, name ? name : "");
        snprintf(path, sizeof path, "invocation/%s/response", id);
        ask("POST", path, reply);
    }
}
