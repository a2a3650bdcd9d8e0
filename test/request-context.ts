import { API_ACTOR, newOperationId, type RequestContext } from '#src/core/context.ts'

/** Who the tests' own commits are by. */
export const BY = {
  actor: { ...API_ACTOR, name: 'test' },
  operationId: '5b3f7c1e-2f0a-4a57-8e0b-9a3c1d2e4f60',
}

/** The context of one request, with the machine's clock unless given. */
export const newContext = (context: Partial<RequestContext> = {}): RequestContext => ({
  actor: API_ACTOR,
  operationId: newOperationId(),
  now: Date.now,
  ...context,
})
