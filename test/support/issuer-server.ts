import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createTestIssuer } from "./test-issuer.ts";
import type { TestIssuer } from "./test-issuer.ts";

/** A test issuer that serves OpenID Connect Discovery over HTTP. */
export interface IssuerServer extends TestIssuer {
  /** How often its keys were fetched. */
  readonly fetches: number;
  close(): void;
}

export async function startIssuer(): Promise<IssuerServer> {
  let fetches = 0;
  const server = createServer((request, response) => {
    const isMetadata = request.url === "/.well-known/openid-configuration";
    fetches += isMetadata ? 0 : 1;
    const body = isMetadata ? { issuer: url, jwks_uri: `${url}/keys` } : { keys: issuer.publicKeys };
    response
      .writeHead(issuer.reachable ? 200 : 503, { "content-type": "application/json" })
      .end(issuer.reachable ? JSON.stringify(body) : "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = await createTestIssuer(url);
  return Object.defineProperty(
    Object.assign(issuer, {
      close() {
        server.closeAllConnections();
        server.close();
      },
    }),
    "fetches",
    { get: () => fetches },
  ) as IssuerServer;
}
