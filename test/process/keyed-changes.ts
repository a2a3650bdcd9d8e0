import { sendJson } from '../send-json.ts'

/** One change of each task, by turns a PATCH, a completion and a deletion, each with the same key. */
export const sendChanges = (url: string, ids: readonly string[]): Promise<Response>[] => {
  const headers = { 'idempotency-key': 'change', 'if-match': '"1"' }
  return ids.map((id, index) => {
    const task = `${url}/tasks/${id}`
    if (index % 3 === 0) return sendJson(task, 'PATCH', { title: 'changed' }, headers)
    if (index % 3 === 1) return sendJson(`${task}/complete`, 'POST', undefined, headers)
    return sendJson(task, 'DELETE', undefined, headers)
  })
}

/** How they are answered when all goes well. */
export const statusesOf = (ids: readonly string[]): number[] =>
  ids.map((_, index) => (index % 3 === 2 ? 204 : 200))
