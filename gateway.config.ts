import { anomaly } from "./src/agents/anomaly/anomaly.ts";
import { defineGateway } from "./src/agents/define-gateway.ts";

/** What this gateway serves. Add your agents here. */
export default defineGateway({
  agents: [anomaly],
  default: "anomaly",
});
