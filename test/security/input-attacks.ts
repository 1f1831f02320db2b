import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { createWebhookSender } from "../../src/adapters/webhook/webhook-sender.ts";
import { bearer, message, rest, rpc, toVerdict } from "./attack.ts";
import type { Attack } from "./attack.ts";
import { call } from "./world.ts";
import type { RawRequest, World } from "./world.ts";

const INVALID = "200 rpc -32602";
const HARMLESS = "nothing changed";

/** Content that would break, fill or change the gateway, or send it where its caller cannot go. All with a good token. */
export const inputAttacks: readonly Attack[] = [
  ...[
    "http://example.com/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fd00:ec2::254]/",
    "https://10.0.0.1/",
    "https://169.254.169.254/metadata/identity/oauth2/token",
    "https://168.63.129.16/",
    "https://localhost/",
    "https://metadata/",
    "https://user:secret@example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
  ].map((url): Attack => ({
    name: `a webhook at ${url}`,
    expected: INVALID,
    run: (world) => send(world, { message: message(), configuration: { taskPushNotificationConfig: { url } } }),
  })),
  {
    name: "a webhook whose name means an inner address (DNS)",
    expected: "refused",
    async run() {
      const resolve = async () => [{ address: "10.0.0.7", family: 4 }];
      const sender = createWebhookSender({ allowedHosts: [], resolve });
      return (await sender.post({ url: "https://innocent.example/", headers: {}, body: "" })).code;
    },
  },
  {
    name: "a webhook whose name means another address the second time (rebinding)",
    expected: "asked once",
    async run() {
      const answers = ["192.0.2.1", "127.0.0.1"];
      const resolve = async () => [{ address: answers.shift() ?? "", family: 4 }];
      const sender = createWebhookSender({ allowedHosts: [], resolve, timeout: 300 });
      await sender.post({ url: "https://rebinding.example/", headers: {}, body: "" });
      return answers.length === 1 ? "asked once" : "asked again";
    },
  },
  {
    name: "a webhook that redirects inside",
    expected: "not followed",
    async run() {
      const seen: string[] = [];
      const server = createServer((incoming, outgoing) => {
        seen.push(incoming.url ?? "");
        outgoing.writeHead(307, { location: "/inside" }).end();
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      await createWebhookSender({ allowedHosts: [host] }).post({ url: `http://${host}/hook`, headers: {}, body: "" });
      server.close();
      return seen.join() === "/hook" ? "not followed" : seen.join();
    },
  },
  ...["token", "credentials"].map((field): Attack => ({
    name: `a webhook's ${field} that would write a header (CRLF)`,
    expected: INVALID,
    run(world) {
      const text = "a\r\nx-admin: yes";
      const secrets = field === "token" ? { token: text } : { authentication: { scheme: "Bearer", credentials: text } };
      const config = { url: "https://client.example/", ...secrets };
      return send(world, { message: message(), configuration: { taskPushNotificationConfig: config } });
    },
  })),
  body("a body over the limit", "413", JSON.stringify({ a: "x".repeat(70_000) })),
  body("JSON nested 10,000 deep", "200 rpc -32600", `${"[".repeat(10_000)}${"]".repeat(10_000)}`),
  body("a number of 50,000 digits", "200 rpc -32600", `{"jsonrpc":${"9".repeat(50_000)}}`),
  body("JSON that is cut", "200 rpc -32700", '{"jsonrpc":"2.0","method":"SendMessage"'),
  body("bytes that are no UTF-8", "200 rpc -32700", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])),
  body("null", "200 rpc -32600", "null"),
  body("an array of 10,000 calls", "200 rpc -32600", JSON.stringify(Array.from({ length: 10_000 }, () => 1))),
  {
    name: "a body of zeros, compressed (zip bomb)",
    expected: "refused as it is",
    async run(world) {
      const compressed = gzipSync(Buffer.alloc(50_000_000, 32));
      const verdict = await ask(world, { ...rpc("x", {}), body: compressed }, { "content-encoding": "gzip" });
      return /^(?:400|415|200 rpc -32(?:700|005))$/.test(verdict) ? "refused as it is" : verdict;
    },
  },
  ...['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}'].map((metadata): Attack => ({
    name: `metadata ${metadata}`,
    expected: HARMLESS,
    async run(world) {
      const text = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "SendMessage", params: { message: message() } });
      const polluting = text.replace('"params":{', `"params":{"metadata":${metadata},`);
      await ask(world, { ...rpc("x", {}), body: polluting });
      const { text: after } = await call(world.host.url, "/agents/echo", {
        ...rpc("GetTask", { id: "none" }, bearer(await world.token())),
      });
      return after.includes("polluted") ? after : HARMLESS;
    },
  })),
  ...(
    [
      ["A2A-Version", `1.${"0".repeat(8_000)}x`],
      ["Idempotency-Key", "a".repeat(8_000)],
      ["A2A-Extensions", " ,".repeat(4_000)],
      ["Last-Event-ID", "9".repeat(8_000)],
      ["Authorization", `Bearer ${"a-".repeat(4_000)}`],
      ["If-None-Match", `W/${'"'.repeat(8_000)}`],
    ] as const
  ).map(([name, value]): Attack => ({
    name: `8,000 characters of ${name} against its pattern (ReDoS)`,
    expected: "an answer at once",
    async run(world) {
      const headers = { ...bearer(await world.token()), [name.toLowerCase()]: value };
      const start = performance.now();
      const request = rpc("SendStreamingMessage", { message: message() });
      await call(world.host.url, "/agents/echo", { ...request, headers: { ...request.headers, ...headers } });
      const took = performance.now() - start;
      return took < 500 ? "an answer at once" : `${took.toFixed(0)} ms`;
    },
  })),
  ...(["pageToken", "statusTimestampAfter", "contextId"] as const).map((name): Attack => ({
    name: `50,000 characters of ${name} against its pattern (ReDoS)`,
    expected: "refused at once",
    async run(world) {
      const start = performance.now();
      const verdict = await ask(world, rpc("ListTasks", { [name]: `2026-${"1".repeat(50_000)}!` }));
      return verdict === INVALID && performance.now() - start < 500 ? "refused at once" : verdict;
    },
  })),
  {
    name: "a log line in a method's name",
    expected: "no line of its own",
    async run(world) {
      const forged = '\n{"level":"info","event":"auth.forged"}\n';
      await ask(world, rpc(forged, {}));
      await call(world.host.url, `/agents/${encodeURIComponent(forged)}`, rest("GET"));
      return /^\{[^\n]*"event":"auth\.forged"/m.test(world.host.output) ? "a forged line" : "no line of its own";
    },
  },
];

function body(name: string, expected: string, content: string | Buffer): Attack {
  return { name, expected, run: (world) => ask(world, { ...rpc("x", {}), body: content }) };
}

function send(world: World, params: object): Promise<string> {
  return ask(world, rpc("SendMessage", params));
}

async function ask(world: World, request: RawRequest, more: Record<string, string> = {}): Promise<string> {
  const headers = { ...request.headers, ...bearer(await world.token()), ...more };
  return toVerdict(await call(world.host.url, "/agents/echo", { ...request, headers }));
}
