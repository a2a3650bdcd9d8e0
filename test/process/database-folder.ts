import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { sendJson } from '../send-json.ts'
import { createFolder } from '../start-app.ts'
import { type RunningProcess, runCommand, startProcess } from '../start-process.ts'
import { lookInto } from './file-copy.ts'

/** Where a service keeps its database in the folder that it runs in. */
export const DATABASE = 'data/tasks.db'

/** Runs a command to its end in a folder. */
export const run = (folder: string, args: string[], env: Record<string, string> = {}) =>
  runCommand(args, env, folder)

export const start = (folder: string): Promise<RunningProcess> => startProcess({}, folder)

export const create = async (url: string, title: string): Promise<Task> => {
  const response = await sendJson(`${url}/tasks`, 'POST', { title, labels: ['a'] })
  expect(response.status).toBe(201)
  return (await response.json()) as Task
}

const ADD_TASKS = fileURLToPath(new URL('./add-tasks.mjs', import.meta.url))

/** Adds tasks to the database of a folder in which no service runs. */
export const addTasks = async (folder: string, ...titles: string[]): Promise<void> => {
  await promisify(execFile)(process.execPath, [ADD_TASKS, join(folder, DATABASE), ...titles])
}

/** A folder with a database of these titles in it. */
export const folderWith = async (...titles: string[]): Promise<string> => {
  const folder = createFolder()
  await addTasks(folder, ...titles)
  return folder
}

/** The tasks in a database that no service has open, oldest first. */
export const tasksIn = (folder: string, database = DATABASE): Task[] =>
  lookInto(join(folder, database), (db) =>
    db
      .prepare('SELECT json FROM tasks ORDER BY key')
      .all()
      .map(({ json }) => JSON.parse(String(json)) as Task),
  )

export const titles = (tasks: readonly Task[]): string[] => tasks.map(({ title }) => title)

/** One line that says what to look at; no stack and no success. */
export const expectRefusal = (
  { code, stdout, stderr }: Awaited<ReturnType<typeof runCommand>>,
  ...named: (string | RegExp)[]
): void => {
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^task-manager-api: .+\n$/)
  for (const text of named) expect(stderr).toMatch(text)
}
