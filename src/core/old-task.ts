import type { Task } from './task.ts'

/** A task as 0.1.0 stored it: with the state of its issue, which now is beside the task. */
interface OldTask extends Omit<Task, 'external_url'> {
  readonly sync?: { readonly issue_url: string | null } | null
}

/** A task as some version has stored it, as a task of this version. */
export const readTask = (stored: Task | OldTask): Task => {
  if ('external_url' in stored) return stored
  const { sync, version, ...fields } = stored
  return { ...fields, external_url: sync?.issue_url ?? null, version }
}

/** The same of the JSON text of a task. Inside a string, the quotes of the mark would be escaped. */
export const readTaskText = (text: string): string =>
  text.includes(OLD_MARK) ? JSON.stringify(readTask(JSON.parse(text) as OldTask)) : text

/** The same of the JSON texts of tasks, joined by commas. */
export const readTaskTexts = (texts: Buffer): Buffer => {
  if (!texts.includes(OLD_MARK)) return texts
  const tasks = JSON.parse(`[${texts}]`) as OldTask[]
  return Buffer.from(tasks.map((task) => JSON.stringify(readTask(task))).join())
}

const OLD_MARK = ',"sync":'
