import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startHost } from "../support/host-process.ts";
import type { HostProcess } from "../support/host-process.ts";
import { startOpenIdProvider } from "../support/openid-provider.ts";
import type { OpenIdProvider } from "../support/openid-provider.ts";
import { bearer, message, rpc } from "./attack.ts";
import { GATEWAY_CONFIG, STATE_KEY } from "./world.ts";

let provider: OpenIdProvider;
let host: HostProcess;

beforeAll(async () => {
  provider = await startOpenIdProvider({ audience: "a2a-gateway", roles: ["a2a-caller"] });
  host = await startHost({
    AUTH_MODE: "jwt",
    AUTH_ISSUER: provider.issuer,
    AUTH_AUDIENCE: "a2a-gateway",
    AUTH_REQUIRED_ROLE: "a2a-caller",
    STATE_KEY,
    TASK_STORE: "memory",
    GATEWAY_CONFIG,
  });
});
afterAll(async () => {
  await host.end("SIGKILL");
  provider.close();
});

async function send(): Promise<number> {
  const { headers, ...request } = rpc("SendMessage", { message: message() });
  const token = await provider.token();
  const response = await fetch(`${host.url}/agents/echo`, { ...request, headers: { ...headers, ...bearer(token) } });
  await response.text();
  return response.status;
}

test("tokens of a certified provider are accepted, and none is refused while its keys rotate", async () => {
  const statuses = new Map<number, number>();
  let isOver = false;
  const flow = async (): Promise<void> => {
    while (!isOver) {
      const status = await send();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const flows = Promise.all([flow(), flow(), flow()]);
  for (let rotation = 0; rotation < 3; rotation += 1) {
    const before = statuses.get(200) ?? 0;
    await vi.waitFor(() => expect(statuses.get(200) ?? 0).toBeGreaterThan(before + 30), 15_000);
    provider.rotateKeys();
  }
  const before = statuses.get(200) ?? 0;
  await vi.waitFor(() => expect(statuses.get(200) ?? 0).toBeGreaterThan(before + 30), 15_000);
  isOver = true;
  await flows;
  expect([...statuses.keys()]).toEqual([200]);
});

test("the card says where to get a token, and that token is accepted", async () => {
  const card = await read(
    await fetch(`${host.url}/agents/echo/.well-known/agent-card.json`, { headers: { "a2a-version": "1.0" } }),
  );
  const { openIdConnectUrl } = card.securitySchemes.openIdConnect.openIdConnectSecurityScheme;
  const metadata = (await (await fetch(openIdConnectUrl)).json()) as { token_endpoint: string };
  const response = await fetch(metadata.token_endpoint, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${provider.clientId}:${provider.clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  const extended = await fetch(`${host.url}/agents/echo/extendedAgentCard`, {
    headers: { "a2a-version": "1.0", ...bearer(token) },
  });
  expect((await read(extended)).skills.map(({ id }: { id: string }) => id)).toEqual(["echo", "hidden"]);
  expect(card.skills.map(({ id }: { id: string }) => id)).toEqual(["echo"]);
  expect(card.capabilities.extendedAgentCard).toBe(true);
});

// Typed as what a test expects it to be.
// oxlint-disable-next-line typescript/no-explicit-any
async function read(response: Response): Promise<any> {
  return response.json();
}
