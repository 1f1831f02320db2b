import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { Answer } from "../json.ts";
import { describeHosts } from "../target.ts";

const v1 = { "a2a-version": "1.0", "content-type": "application/json" };

/** Raw JSON, since what is written here no serializer would write. */
function toMessage(part: string): string {
  return `{"message":{"messageId":"m","role":"ROLE_USER","parts":[${part}]}}`;
}

describeHosts("values that no store gives back [wire-malformed]", (host) => {
  const post = async (path: string, body: string | Buffer, headers = {}): Promise<Response> => {
    return fetch(`${host.url}/agents/echo${path}`, {
      method: "POST",
      headers: { ...v1, ...headers },
      body: new Uint8Array(Buffer.from(body)),
    });
  };

  describe.each([
    ["half of a surrogate pair", '{"text":"\\ud83d"}'],
    ["half of a surrogate pair in a key", '{"data":{"\\udc00":1}}'],
    ["a number too large for a double", '{"data":[1e999]}'],
  ])("%s", (_name, part) => {
    test("is InvalidParams in every binding and version", async () => {
      const rpc = async (method: string, params: string, version: string): Promise<Answer> => {
        const body = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`;
        return (await post("", body, { "a2a-version": version })).json();
      };
      expect((await rpc("SendMessage", toMessage(part), "1.0")).error?.code).toBe(-32602);
      expect((await post("/message:send", toMessage(part))).status).toBe(400);
      const legacy = toMessage(
        part.replace('{"text"', '{"kind":"text","text"').replace('{"data"', '{"kind":"data","data"'),
      );
      const lowerCase = legacy.replace("ROLE_USER", "user");
      expect((await rpc("message/send", lowerCase, "0.3")).error?.code).toBe(-32602);
      const rest = await post("/v1/message:send", legacy, { "a2a-version": "0.3" });
      expect([rest.status, ((await rest.json()) as Answer).code]).toEqual([400, -32602]);
    });
  });

  test("a compressed body is refused as such in every binding", async () => {
    const body = gzipSync(toMessage('{"text":"hi"}'));
    for (const [path, version] of [
      ["", "1.0"],
      ["/message:send", "1.0"],
      ["/v1/message:send", "0.3"],
    ] as const) {
      const response = await post(path, body, { "content-encoding": "gzip", "a2a-version": version });
      expect(response.status).toBe(415);
      expect(await response.text()).toContain("Content-Encoding");
    }
  });
});
