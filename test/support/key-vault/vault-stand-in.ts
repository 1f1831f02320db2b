import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";

/**
 * What happens to one request instead of an answer.
 * - `none`: nothing, it is answered.
 * - `cut`: the connection breaks.
 * - `hang`: nothing comes back.
 * - `garble`: 200, and the body, with its value, is cut short.
 * - a status, with what `Retry-After` says.
 */
type VaultFault = "none" | "cut" | "hang" | "garble" | { readonly status: number; readonly retryAfter?: string };

/** Times in ms since the epoch, as whole seconds: the vault knows no others. */
interface VersionAttributes {
  readonly enabled?: boolean;
  readonly created?: number;
  readonly notBefore?: number;
  readonly expires?: number;
}

export interface VaultStandIn {
  readonly url: string;
  /** Of the certificate that it shows. */
  readonly ca: string;
  /** `METHOD path` of every request with a token, repeats included. */
  readonly requests: string[];
  /** Adds a version of a secret; without `created` it is newer than all others. Returns the version's id. */
  add(name: string, value: string, attributes?: VersionAttributes): string;
  change(name: string, id: string, attributes: VersionAttributes): void;
  /** For the next requests with a token, one each. */
  inject(...faults: VaultFault[]): void;
  /** What each request meets from now on, beside what was injected; nothing without an argument. */
  misbehave(fault?: VaultFault): void;
  close(): Promise<void>;
}

/** The tenant that its challenge names. */
export const TENANT = "00000000-0000-0000-0000-0000000000aa";

/** As much of Key Vault's REST API over HTTPS as reads secrets; a page of versions has two. */
export async function startVaultStandIn(created: number): Promise<VaultStandIn> {
  const cert = read("localhost-cert.pem");
  const secrets = new Map<string, Map<string, StoredVersion>>();
  const requests: string[] = [];
  const faults: VaultFault[] = [];
  let lasting: VaultFault | undefined;
  let added = 0;

  const server = createServer({ cert, key: read("localhost-key.pem") }, (request, response) => {
    if (!request.headers.authorization?.startsWith("Bearer ")) {
      challenge(response);
      return;
    }
    requests.push(`${request.method} ${request.url?.replace(/\?.*/, "")}`);
    const fault = faults.shift() ?? lasting;
    if (fault === undefined || fault === "none") {
      const { status, body } = answer(request);
      send(response, status, JSON.stringify(body));
    } else {
      misanswer(fault, request, response);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;

  return {
    url,
    ca: cert,
    requests,
    add(name, value, attributes = {}) {
      added += 1;
      const id = added.toString(16).padStart(32, "0");
      const versions = secrets.get(name) ?? new Map<string, StoredVersion>();
      versions.set(id, { value, attributes: { enabled: true, created: created + added * 1_000, ...attributes } });
      secrets.set(name, versions);
      return id;
    },
    change(name, id, attributes) {
      const version = secrets.get(name)?.get(id);
      if (!version) throw new RangeError(`${name} has no version ${id}`);
      secrets.get(name)?.set(id, { ...version, attributes: { ...version.attributes, ...attributes } });
    },
    inject: (...more) => void faults.push(...more),
    misbehave(fault) {
      lasting = fault;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };

  function misanswer(fault: Exclude<VaultFault, "none">, request: IncomingMessage, response: ServerResponse): void {
    if (fault === "cut") {
      request.socket.destroy();
    } else if (fault === "garble") {
      send(response, 200, JSON.stringify(answer(request).body).slice(0, -2));
    } else if (fault !== "hang") {
      const { status, retryAfter } = fault;
      if (retryAfter !== undefined) response.setHeader("Retry-After", retryAfter);
      send(response, status, JSON.stringify(toFailure("Injected", "as the test asked")));
    }
  }

  function answer(request: IncomingMessage): { status: number; body: unknown } {
    const { pathname, searchParams } = new URL(request.url ?? "", url);
    const [, collection, name = "", id = ""] = pathname.split("/");
    if (request.method !== "GET" || collection !== "secrets" || !searchParams.has("api-version")) {
      return { status: 400, body: toFailure("BadParameter", "not a request that this vault knows") };
    }
    if (id === "versions") {
      return { status: 200, body: toPage(name, searchParams) };
    }
    const version = secrets.get(name)?.get(id);
    if (!version) {
      return { status: 404, body: toFailure("SecretNotFound", `A secret with (name/id) ${name}/${id} was not found.`) };
    }
    if (version.attributes.enabled === false) {
      return { status: 403, body: toFailure("Forbidden", "Operation get is not allowed on a disabled secret.") };
    }
    return { status: 200, body: { value: version.value, ...toItem(name, id, version) } };
  }

  function toPage(name: string, query: URLSearchParams): unknown {
    const versions = [...(secrets.get(name) ?? [])].map(([id, version]) => toItem(name, id, version));
    const from = Number(query.get("$skiptoken") ?? 0);
    const next = `${url}/secrets/${name}/versions?api-version=${query.get("api-version")}&$skiptoken=${from + PAGE}`;
    return { value: versions.slice(from, from + PAGE), nextLink: from + PAGE < versions.length ? next : null };
  }

  function toItem(name: string, id: string, { attributes }: StoredVersion): object {
    const { enabled, notBefore, expires, created: at } = attributes;
    const times = {
      created: toSeconds(at),
      updated: toSeconds(at),
      nbf: toSeconds(notBefore),
      exp: toSeconds(expires),
    };
    return { id: `${url}/secrets/${name}/${id}`, attributes: { enabled, recoveryLevel: "Recoverable", ...times } };
  }
}

interface StoredVersion {
  readonly value: string;
  readonly attributes: VersionAttributes;
}

const PAGE = 2;

function challenge(response: ServerResponse): void {
  response.setHeader(
    "WWW-Authenticate",
    `Bearer authorization="https://login.microsoftonline.com/${TENANT}", resource="https://vault.azure.net"`,
  );
  send(response, 401, JSON.stringify(toFailure("Unauthorized", "AKV10000: Request is missing a Bearer token.")));
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" }).end(body);
}

function toFailure(code: string, message: string): unknown {
  return { error: { code, message } };
}

function toSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1_000);
}

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), "utf8");
}
