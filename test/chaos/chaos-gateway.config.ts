import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { defineGateway } from "../../src/index.ts";
import { createSimAgents } from "../simulation/sim-agents.ts";
import { openLedger } from "./file-ledger.ts";

/** The agents of the simulation, in real time. What their steps did is kept in a folder that all hosts share. */
export default defineGateway({
  agents: createSimAgents(createSystemClock(), openLedger(process.env["CHAOS_LEDGER"] ?? ""), 5),
});
