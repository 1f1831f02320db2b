import { readConfig } from "../../config/read-config.ts";
import { runUntilSignal } from "./run-until-signal.ts";

await runUntilSignal({ configure: () => readConfig() });
