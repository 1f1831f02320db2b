import { compose } from "../../compose.ts";
import type { ComposedGateway } from "../../compose.ts";
import { ConfigError } from "../../config/config.ts";
import { readConfig } from "../../config/read-config.ts";
import { createLogger } from "./logger.ts";
import { loadGatewayDefinition } from "./load-gateway-definition.ts";
import { DEFAULT_GATEWAY } from "./run-until-signal.ts";

/**
 * Runs an operator's command on the configured store, while hosts may be using it. Exits with the result of `run`, or with
 * 2 if the command cannot run.
 */
export async function runCommand(usage: string, run: (gateway: ComposedGateway) => Promise<number>): Promise<never> {
  // The timers of the gateway do not keep a process alive. Without this one it would end while the store does not answer.
  const stayAlive = setInterval(() => {}, 60_000);
  try {
    const config = readConfig();
    if (config.TASK_STORE === "memory") {
      throw new ConfigError(
        "This command cannot run with TASK_STORE=memory, whose tasks exist only inside the host's process.",
      );
    }
    const definition = await loadGatewayDefinition(config.GATEWAY_CONFIG ?? DEFAULT_GATEWAY);
    // A command runs no turn.
    const gateway = await compose({ ...config, MAX_TURNS: 0 }, definition, createLogger("warn"), "http://127.0.0.1");
    const code = await run(gateway);
    await gateway.close();
    process.exit(code);
  } catch (error) {
    if (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")) {
      console.error(`\n${error.message}\n\n${usage}\n`);
    } else {
      console.error(isExpected(error) ? `\n${error.message}\n` : error);
    }
    process.exit(2);
  } finally {
    clearInterval(stayAlive);
  }
}

/** A wrong setting, or a store that does not answer. Its message says all there is to say. */
function isExpected(error: unknown): error is Error {
  return error instanceof ConfigError || (error instanceof Error && error.name === "TaskError");
}
