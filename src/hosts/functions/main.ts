import { createLogger } from "../node/logger.ts";
import { startFunctionApp } from "./function-app.ts";
import { registerHttpFunction } from "./http-function.ts";
import { statusAnswer } from "./status-answer.ts";

/** The entry of the function app. */

// The Functions host takes the first Node.js of the PATH, whatever its version. Work messages are left to later workers.
if ("withResolvers" in Promise) {
  startFunctionApp();
} else {
  const reason = `This function app needs Node.js 22 or 24, but its worker runs ${process.version}.`;
  createLogger("info").error("host.start-failed", { error: reason });
  registerHttpFunction(() => statusAnswer(503, reason), Number.POSITIVE_INFINITY);
}
