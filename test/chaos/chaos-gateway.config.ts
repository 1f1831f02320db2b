import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { defineGateway } from "../../src/index.ts";
import { createPoisonAgents } from "../simulation/poison-agents.ts";
import { createSimAgents } from "../simulation/sim-agents.ts";
import { openLedger } from "./file-ledger.ts";
import { realHost, verbose } from "./harmful-agents.ts";

const clock = createSystemClock();

/** The agents of the simulation, in real time. What their steps did is kept in a folder that all hosts share. */
export default defineGateway({
  agents: [
    ...createSimAgents(clock, openLedger(process.env["CHAOS_LEDGER"] ?? ""), 5),
    ...createPoisonAgents(clock, realHost).filter(({ id }) => id !== "crowded"),
    verbose,
  ],
});
