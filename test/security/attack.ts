import type { Answer, World } from "./world.ts";

/** Something that must not work, and how it is refused. */
export interface Attack {
  readonly name: string;
  /** What {@link toVerdict} or the attack's own words must say. */
  readonly expected: string;
  run(world: World): Promise<string>;
}

/** The answer in a few words: its status, and what a client can tell by. */
export function toVerdict({ status, headers, json }: Answer): string {
  const challenge = headers["www-authenticate"];
  if (challenge !== undefined) {
    const [, error = "no token"] = /error="([a-z_]+)"/.exec(challenge) ?? [];
    return `${status} ${error}`;
  }
  const code = status === 200 ? json?.error?.code : undefined;
  return code === undefined ? String(status) : `${status} rpc ${code}`;
}

export const message = (text = "hello", more: object = {}): object => ({
  messageId: crypto.randomUUID(),
  role: "ROLE_USER",
  parts: [{ text }],
  ...more,
});

export function rpc(method: string, params: unknown, headers: Record<string, string> = {}) {
  return {
    method: "POST",
    headers: { "content-type": "application/json", "a2a-version": "1.0", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  };
}

export function rest(method: string, body?: unknown, headers: Record<string, string> = {}) {
  const type = body === undefined ? {} : { "content-type": "application/a2a+json" };
  return {
    method,
    headers: { "a2a-version": "1.0", ...type, ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });
