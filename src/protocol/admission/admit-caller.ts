import { checkAccess } from "../../auth/access.ts";
import { AuthError } from "../../auth/auth-fault.ts";
import { toChallenge } from "../../auth/challenge.ts";
import type { Identity } from "../../auth/identity.ts";
import { isOperator } from "../../auth/operator.ts";
import type { HttpRequest } from "../../ports/http-exchange.ts";
import type { EdgeParts } from "../edge.ts";
import { toMetadataPath } from "../cards/protected-resource.ts";

/**
 * Who calls, whether they may call this agent at all, and whether not too often: before anything else is done for them.
 * Without an agent: whoever has a token. @throws AuthError, TaskError `busy`
 */
export async function admitCaller(parts: EdgeParts, request: HttpRequest, agentId?: string): Promise<Identity> {
  try {
    const identity = await parts.authenticate(request.header("authorization"));
    if (agentId !== undefined && !isOperator(identity, parts.operatorRole, request)) {
      checkAccess(parts.access, agentId, identity);
    }
    parts.callers.countRequest(identity);
    return identity;
  } catch (error) {
    if (!(error instanceof AuthError)) {
      throw error;
    }
    const { fault } = error;
    const reason = fault.code === "bad-token" ? { reason: fault.reason } : {};
    parts.logger.info("auth.refused", { fault: fault.code, ...reason, agent: agentId });
    // The default agent answers at the root as well, which is another resource.
    const isRoot = !request.target.startsWith("/agents/");
    const at = parts.publicBaseUrl + toMetadataPath(isRoot ? undefined : agentId);
    throw new AuthError(fault, { cause: error, challenge: toChallenge(fault, at) });
  }
}
