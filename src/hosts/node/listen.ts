import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigError } from "../../config/config.ts";
import type { Config } from "../../config/config.ts";

/** Binds the server to HOST and PORT; resolves to its URL. @throws ConfigError if that is not possible. */
export async function listen(server: Server, { PORT, HOST }: Pick<Config, "PORT" | "HOST">): Promise<string> {
  server.listen(PORT, HOST);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new ConfigError(toAdvice(error, PORT, HOST), { cause: error });
  }
  const { port } = server.address() as AddressInfo;
  return `http://${HOST.includes(":") ? `[${HOST}]` : HOST}:${port}`;
}

function toAdvice(error: unknown, port: number, host: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use. End the process that listens there, or choose another port: PORT=${port + 1}`;
    case "EACCES":
      return `This user may not listen on port ${port}. Choose a port above 1023, such as PORT=7071`;
    default:
      return `Cannot listen on HOST ${host} and PORT ${port}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
