import { checkAccess } from "../../auth/access.ts";
import { AuthError } from "../../auth/auth-fault.ts";
import { toChallenge } from "../../auth/challenge.ts";
import type { Identity } from "../../auth/identity.ts";
import { isOperator } from "../../auth/operator.ts";
import type { HttpRequest } from "../../ports/http-exchange.ts";
import type { EdgeParts } from "../edge.ts";
import { toMetadataPath } from "../cards/protected-resource.ts";

/**
 * Authenticates the caller, checks that it may call this agent, and applies its rate limit. Called
 * before any other work for the request. Without an agent any valid token is accepted.
 * @throws AuthError with the challenge for `WWW-Authenticate`; TaskError `busy`
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
    // The default agent is also served at the root, which is a different protected resource.
    const isRoot = !request.target.startsWith("/agents/");
    const at = parts.publicBaseUrl + toMetadataPath(isRoot ? undefined : agentId);
    throw new AuthError(fault, { cause: error, challenge: toChallenge(fault, at) });
  }
}
