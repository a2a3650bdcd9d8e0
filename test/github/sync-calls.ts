import { expect } from 'vitest'
import type { Actor } from '#src/core/context.ts'
import type { TaskSync } from '#src/github/issue/task-sync.ts'
import type { Task } from '#src/task/task.ts'
import { sendJson } from '../send-json.ts'

/** What the webhooks of these tests are signed with. */
export const SECRETS = { secret: 'the new hook-secret', formerSecret: 'the old hook-secret' }

/** What a token, a key or a secret of these tests looks like: it is printed and answered nowhere. */
export const SECRET = /github_pat_|ghs_|PRIVATE KEY|MII[\w+/]{20}|eyJ\w{20}|hook-secret/

export interface HistoryEvent {
  readonly type: string
  readonly version: number
  readonly actor: Actor
  readonly operation_id: string
  readonly changes: Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>
}

/** Who made a change at GitHub, as events show it; nobody's login where we linked the task. */
export const byGithub = (login: string | null = null): Actor => ({
  type: 'github',
  id: null,
  name: login,
})

export type Calls = ReturnType<typeof createCalls>

/** The service's API, as its clients call it. The test fails if a secret is answered. */
export const createCalls = (url: string) => {
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response> => {
    const response = await sendJson(url + path, method, body, headers)
    expect(await response.clone().text()).not.toMatch(SECRET)
    return response
  }

  const expected = async <T>(status: number, response: Response): Promise<T> => {
    const text = await response.text()
    expect(response.status, text).toBe(status)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  return {
    url,
    hook: `${url}/github/webhook`,
    send,
    read: async <T>(path: string): Promise<T> => expected<T>(200, await send('GET', path)),
    create: async (draft: object): Promise<Task> =>
      expected<Task>(201, await send('POST', '/tasks', draft)),
    get: async (id: string): Promise<Task> =>
      expected<Task>(200, await send('GET', `/tasks/${id}`)),
    list: async (): Promise<Task[]> => expected<Task[]>(200, await send('GET', '/tasks')),
    put: async (id: string, patch: object): Promise<Task> =>
      expected<Task>(200, await send('PUT', `/tasks/${id}`, patch)),
    remove: async (id: string): Promise<void> =>
      expected<void>(204, await send('DELETE', `/tasks/${id}`)),
    history: async (id: string): Promise<HistoryEvent[]> =>
      expected<HistoryEvent[]>(200, await send('GET', `/tasks/${id}/events`)),
    /** The state of the task's issue. */
    sync: async (id: string): Promise<TaskSync> =>
      expected<TaskSync>(200, await send('GET', `/tasks/${id}/sync`)),
    syncNow: async (id: string): Promise<void> =>
      expected<void>(202, await send('POST', `/tasks/${id}/sync`)),
  }
}
