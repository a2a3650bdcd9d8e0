import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Task } from '#src/task/task.ts'
import { read, sendJson } from './send-json.ts'
import { createFolder } from './start-app.ts'
import { startProcess } from './start-process.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const [tour = ''] = /^## A tour$[\s\S]*?(?=^## )/m.exec(readme) ?? []

/** Each snippet of the tour with the output that README shows for it. */
const snippets = [...tour.matchAll(/```sh\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g)].map(
  ([, command = '', output = '']) => ({
    command,
    lines: output.trim().split('\n'),
  }),
)

const END = '--- end of the snippet ---'

/** A line of README as a pattern: … stands for whatever differs from run to run. */
const toPattern = (line: string): RegExp =>
  new RegExp(
    line
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*'),
  )

const createTasks = async (url: string, titles: readonly string[]): Promise<Task[]> => {
  const tasks: Task[] = []
  for (const title of titles)
    tasks.push((await (await sendJson(`${url}/tasks`, 'POST', { title })).json()) as Task)
  return tasks
}

test('every snippet of the tour does what README shows, and leaves the tasks alone that were there', async () => {
  if (spawnSync('curl', ['--version']).status !== 0) {
    expect(process.env.CI, 'CI must have curl').toBeUndefined()
    console.warn('README: the tour was not run, as curl is not on this machine')
    return
  }
  const { url } = await startProcess({}, createFolder())
  const older = await createTasks(url, ['Write the report', 'Book the room', 'Mine'])
  const script = snippets.map(({ command }) => `${command}\necho; echo '${END}'`).join('\n')
  const { stdout, stderr, status } = spawnSync(
    'sh',
    ['-e', '-c', script.replaceAll('http://127.0.0.1:8000', url)],
    {
      encoding: 'utf8',
    },
  )

  expect(snippets.length).toBeGreaterThan(5)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const outputs = stdout.split(END)
  for (const [index, { lines }] of snippets.entries())
    for (const line of lines) expect(outputs[index]).toMatch(toPattern(line))
  for (const task of older) expect(await read(`${url}/tasks/${task.id}`)).toEqual(task)
})
