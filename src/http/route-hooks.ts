/**
 * A route's hook beside those that the route brings itself. An `onRoute` hook that assigns one
 * instead overwrites them: a route that refuses in its own `onRequest` would then answer.
 */
export const appendHook = <H>(hook: H, own: H | H[] | undefined): H[] => [...toList(own), hook]

const toList = <H>(own: H | H[] | undefined): H[] => {
  if (own === undefined) return []
  return Array.isArray(own) ? own : [own]
}
