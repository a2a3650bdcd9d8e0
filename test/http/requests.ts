import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'
import type { App } from '#src/http/typed-app.ts'
import type { Task } from '#src/task/task.ts'

/** What inject(), fetch and a raw socket have in common. */
export interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

type Method = NonNullable<InjectOptions['method']>
type Headers = Readonly<Record<string, string>>

/** A request with a JSON body, or with none. */
export const send = (
  app: App,
  method: Method,
  url: string,
  body?: unknown,
  headers: Headers = {},
): Promise<LightMyRequestResponse> =>
  body === undefined
    ? app.inject({ method, url, headers })
    : app.inject({
        method,
        url,
        headers: { 'content-type': 'application/json', ...headers },
        payload: JSON.stringify(body),
      })

/** A new task that must be taken. */
export const create = async (
  app: App,
  draft: object = { title: 'A task' },
  headers: Headers = {},
): Promise<Task> => {
  const answer = await send(app, 'POST', '/tasks', draft, headers)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<Task>()
}

/** Many new tasks, in order. */
export const createAll = async (app: App, drafts: readonly object[]): Promise<Task[]> => {
  const tasks: Task[] = []
  for (let from = 0; from < drafts.length; from += 1000) {
    const operations = drafts.slice(from, from + 1000).map((task) => ({ op: 'create', task }))
    const answer = await send(app, 'POST', '/tasks/batch', { operations })
    expect(answer.statusCode, answer.body.slice(0, 500)).toBe(200)
    tasks.push(...answer.json<{ results: { task: Task }[] }>().results.map(({ task }) => task))
  }
  return tasks
}

export const get = async (app: App, id: string): Promise<Task> => {
  const answer = await send(app, 'GET', `/tasks/${id}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<Task>()
}

export const list = async (app: App, query = ''): Promise<Task[]> => {
  const answer = await send(app, 'GET', `/tasks${query}`)
  expect(answer.statusCode, answer.body.slice(0, 500)).toBe(200)
  return answer.json<Task[]>()
}

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly instance: string
  readonly request_id: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

const MEMBERS = ['type', 'title', 'status', 'detail', 'code', 'instance', 'request_id']

/** Checks that an answer is this problem, with all its members and none besides. */
export const expectProblem = (answer: Answer, status: number, code: string): ProblemBody => {
  expect(answer.statusCode, answer.body.slice(0, 500)).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json(;|$)/)
  const problem = JSON.parse(answer.body) as ProblemBody
  expect(Object.keys(problem).filter((name) => name !== 'errors')).toEqual(MEMBERS)
  expect(problem).toMatchObject({
    status,
    code,
    instance: expect.stringMatching(/^\//),
    type: expect.any(String),
  })
  expect(problem.title).not.toBe('')
  expect(problem.detail).not.toBe('')
  expect(problem.request_id).not.toBe('')
  expect(answer.headers['x-request-id']).toBe(problem.request_id)
  return problem
}

/** Checks a 422 and resolves with where it is wrong. */
export const expectInvalid = (answer: Answer): string[] => {
  const { errors = [] } = expectProblem(answer, 422, 'invalid_input')
  expect(errors.length).toBeGreaterThan(0)
  for (const { pointer, detail } of errors) {
    expect(pointer).toMatch(/^#/)
    expect(detail).not.toBe('')
  }
  return errors.map(({ pointer }) => pointer)
}
