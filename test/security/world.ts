import { generateKeyPairSync } from "node:crypto";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import type { JWTHeaderParameters, JWTPayload } from "jose";
import { startHost } from "../support/host-process.ts";
import { startIssuer } from "../support/issuer-server.ts";
import type { IssuerServer } from "../support/issuer-server.ts";

type Env = Readonly<Record<string, string>>;

/** A host as a process of its own, with all that it has printed. */
export interface Host {
  readonly url: string;
  readonly output: string;
  kill(): Promise<void>;
}

/** A gateway that verifies tokens, whom it trusts, and somebody whom it does not. */
export interface World {
  readonly host: Host;
  readonly issuer: IssuerServer;
  readonly stranger: IssuerServer;
  /** Every token that was made, to look for in logs. */
  readonly tokens: string[];
  /** A token that counts but for what is given. */
  token(claims?: JWTPayload, header?: Partial<JWTHeaderParameters>, by?: IssuerServer): Promise<string>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // What a test expects it to be.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any;
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

const AUDIENCE = "gateway";
export const STATE_KEY = Buffer.alloc(32, 9).toString("base64");
/** Of a webhook. */
export const CREDENTIALS = "canary-credentials";
const SIGNING_KEY = generateKeyPairSync("ec", { namedCurve: "P-256" })
  .privateKey.export({ type: "pkcs8", format: "pem" })
  .toString();
/** Nothing that the gateway writes or answers may hold one of these. */
export const SECRETS = [STATE_KEY, CREDENTIALS, SIGNING_KEY.split("\n")[1] ?? ""];
/** All that was answered to {@link call}. */
export const answered: string[] = [];

export const GATEWAY_CONFIG = fileURLToPath(new URL("fixture-gateway.config.ts", import.meta.url));

export async function startWorld(more: Env = {}, start: (env: Env) => Promise<Host> = startNode): Promise<World> {
  const [issuer, stranger] = await Promise.all([startIssuer(), startIssuer()]);
  const host = await start({
    AUTH_MODE: "jwt",
    AUTH_ISSUER: issuer.issuer,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_REQUIRED_ROLE: "caller",
    AUTH_OPERATOR_ROLE: "operator",
    STATE_KEY,
    CARD_SIGNING_KEY: SIGNING_KEY,
    LOG_LEVEL: "debug",
    MAX_BODY: "64 KiB",
    ...more,
  });
  const tokens: string[] = [];
  return {
    host,
    issuer,
    stranger,
    tokens,
    async token(claims = {}, header = {}, by = issuer) {
      const iat = Math.floor(Date.now() / 1_000);
      const roles = { realm_access: { roles: ["caller"] } };
      const token = await by.sign({ aud: AUDIENCE, sub: "alice", iat, exp: iat + 300, ...roles, ...claims }, header);
      tokens.push(token);
      return token;
    },
    async close() {
      await host.kill();
      issuer.close();
      stranger.close();
    },
  };
}

async function startNode(env: Env): Promise<Host> {
  const host = await startHost({ TASK_STORE: "memory", GATEWAY_CONFIG, ...env });
  return Object.assign(host, { kill: async () => void (await host.end("SIGKILL")) });
}

/** The path goes out as it is written, which `fetch` would not do. */
export function call(
  url: string,
  path: string,
  { method = "GET", headers = {}, body }: RawRequest = {},
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const all = { ...length, ...headers };
    const outgoing = request({ hostname, port, method, path, headers: all, agent: false }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      incoming.on("end", () => {
        answered.push(JSON.stringify(incoming.headers), text);
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parse(text) });
      });
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** What a server says to these very bytes, until it hangs up or `ms` are over. */
export function callRaw(url: string, bytes: string, ms = 1_000): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    const end = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("close", end).on("error", end);
    setTimeout(end, ms);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
