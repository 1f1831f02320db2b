import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isPublicAddress } from "../../src/adapters/webhook/public-address.ts";
import { createWebhookSender } from "../../src/adapters/webhook/webhook-sender.ts";

let port: number;
let requests: { readonly url: string; readonly headers: IncomingMessage["headers"]; readonly body: string }[] = [];
let answer = (response: ServerResponse): void => void response.writeHead(204).end();
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    requests.push({ url: request.url ?? "", headers: request.headers, body });
    answer(response);
  });
});

beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  requests = [];
  answer = (response) => void response.writeHead(204).end();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const allowing = (timeout?: number) =>
  createWebhookSender({ allowedHosts: [`127.0.0.1:${port}`], ...(timeout !== undefined && { timeout }) });
const call = (path = "/hook") => ({
  url: `http://127.0.0.1:${port}${path}`,
  headers: { "content-type": "application/a2a+json", authorization: "Bearer b" },
  body: '{"ü":1}',
});

test("posts headers and body, and tells the status", async () => {
  expect(await allowing().post(call("/hook?a=1"))).toEqual({ code: "answered", status: 204 });
  expect(requests).toMatchObject([
    { url: "/hook?a=1", body: '{"ü":1}', headers: { authorization: "Bearer b", host: `127.0.0.1:${port}` } },
  ]);
});

test("does not follow redirects", async () => {
  answer = (response) => void response.writeHead(302, { location: "/elsewhere" }).end();
  expect(await allowing().post(call())).toEqual({ code: "answered", status: 302 });
  expect(requests).toHaveLength(1);
});

test("does not wait for an answer that never comes, nor for a body without end", async () => {
  answer = () => {};
  expect(await allowing(300).post(call())).toEqual({ code: "failed", reason: "no answer in time" });
  answer = (response) => void response.writeHead(200).write("x");
  expect(await allowing(10_000).post(call())).toEqual({ code: "answered", status: 200 });
});

test("tells a connection that cannot be made or breaks", async () => {
  const closed = createWebhookSender({ allowedHosts: ["127.0.0.1"] });
  expect(await closed.post({ ...call(), url: "http://127.0.0.1:9/" })).toEqual({
    code: "failed",
    reason: "ECONNREFUSED",
  });
  answer = (response) => response.destroy();
  expect(await allowing().post(call())).toMatchObject({ code: "failed" });
});

test.each([
  "http://example.com/",
  "ftp://example.com/",
  "https://user:secret@example.com/",
  "no url",
  "https://localhost/",
  "https://a.localhost/",
  "https://intranet/",
  "https://127.0.0.1/",
  "https://2130706433/",
  "https://0x7f.1/",
  "https://0177.0.0.1/",
  "https://127.1/",
  "https://0/",
  "https://10.1.2.3/",
  "https://172.16.0.1/",
  "https://192.168.1.1/",
  "https://100.64.0.1/",
  "https://169.254.169.254/metadata",
  "https://168.63.129.16/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  "https://[::]/",
  "https://[::1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[fe80::1]/",
  "https://[fc00::1]/",
  "https://[fd00:ec2::254]/",
  "https://[64:ff9b::10.0.0.1]/",
  "https://[64:ff9b:1::808:808]/",
  "https://[2002:7f00:1::]/",
  "https://[::7f00:1]/",
  "https://[::8.8.8.8]/",
  "https://[2001:0:1::1]/",
  "https://[2001:db8::1]/",
  "https://[4000::1]/",
  "https://[fec0::1]/",
  "https://localhost./",
  "https://[ff02::1]/",
])("refuses %s before it is called", async (url) => {
  const sender = createWebhookSender({ allowedHosts: [] });
  expect(sender.toRefusal(url)).toBeDefined();
  expect(await sender.post({ ...call(), url })).toMatchObject({ code: "refused" });
});

test.each(["https://example.com/hook", "https://example.com:8443/", "https://8.8.8.8/", "https://[2606:4700::1111]/"])(
  "takes %s",
  (url) => {
    expect(createWebhookSender({ allowedHosts: [] }).toRefusal(url)).toBeUndefined();
  },
);

describe("a name", () => {
  const url = "https://hook.example/";
  const resolving = (...addresses: string[]) => {
    let lookups = 0;
    const sender = createWebhookSender({
      allowedHosts: [],
      timeout: 500,
      resolve: async () => {
        const address = addresses[Math.min(lookups, addresses.length - 1)] ?? "";
        lookups += 1;
        return address.split(" ").map((one) => ({ address: one, family: one.includes(":") ? 6 : 4 }));
      },
    });
    return { sender, lookups: () => lookups };
  };

  test.each(["127.0.0.1", "10.0.0.1", "::1", "::ffff:10.0.0.1", "203.0.113.9 127.0.0.1", "93.184.216.34 fd00::1"])(
    "that leads to %s is refused when the connection is made",
    async (addresses) => {
      const { sender } = resolving(addresses);
      expect(sender.toRefusal(url)).toBeUndefined();
      expect(await sender.post({ ...call(), url })).toEqual({
        code: "refused",
        reason: "hook.example is not reachable from everywhere",
      });
    },
  );

  test("is looked up once, so that a second answer gains nothing", async () => {
    const { sender, lookups } = resolving("192.0.2.1 ", "127.0.0.1");
    await sender.post({ ...call(), url });
    expect(lookups()).toBe(1);
  });
});

test.each([
  ["93.184.216.34", true],
  ["2606:2800:220:1:248:1893:25c8:1946", true],
  ["64:ff9b::8.8.8.8", true],
  ["64:ff9b:1::8.8.8.8", false],
  ["::808:808", false],
  ["198.18.0.1", false],
  ["192.0.2.1", false],
  ["not an address", false],
])("%s is public: %s", (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});
