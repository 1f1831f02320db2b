import { invalid } from "../../tasks/task-fault.ts";

/** Names that are paths themselves, so that no tenant can hide them. */
export function isReserved(tenant: string): boolean {
  return /^(?:tasks|message:.*|v\d+|extendedAgentCard|\.well-known|agents)$/.test(tenant);
}

/** The tenant of a call, `""` without one: the path's and the parameters' must agree. @throws TaskError `invalid` */
export function agreeOnTenant(fromPath: string, fromParams: string): string {
  if (fromPath !== "" && fromParams !== "" && fromPath !== fromParams) {
    throw invalid("tenant", "differs from the tenant in the path");
  }
  const tenant = fromPath || fromParams;
  if (tenant.length > 255 || isReserved(tenant)) {
    throw invalid("tenant", "must have at most 255 characters and not be a reserved name");
  }
  return tenant;
}
