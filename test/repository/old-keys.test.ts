import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createColumns } from '#src/repository/sqlite/columns.ts'
import { openFile } from '#src/repository/sqlite/file.ts'
import { MIGRATIONS } from '#src/repository/sqlite/migrations.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK } from '#src/task/task.ts'
import { createFolder } from '../start-app.ts'
import { EXPIRES_AT, expectReplayed, oldDatabase } from './old-keys.ts'

/** The version of the files that 0.1.0 wrote. */
const VERSION = 3

const columns = createColumns(TASK)

const writeFile = (path: string, { keys, tasks }: ReturnType<typeof oldDatabase>): void => {
  const { db, close } = openFile(path, MIGRATIONS.slice(0, VERSION))
  const insertTask = db.prepare(
    `INSERT INTO tasks (id, json, ${columns.names}) VALUES (?, ?${', ?'.repeat(columns.names.length)})`,
  )
  for (const task of tasks)
    insertTask.run(task.id, JSON.stringify(task), ...Object.values(columns.of(task)))
  const insertKey = db.prepare('INSERT INTO idempotency_keys VALUES (?, ?, ?, ?, ?)')
  for (const { key, fingerprint, taskId, json } of keys)
    insertKey.run(key, fingerprint, taskId, json, EXPIRES_AT)
  close()
}

test('a file of 0.1.0 keeps its keys: what had one is not done again', async () => {
  const path = join(createFolder(), 'tasks.db')
  const old = oldDatabase()
  writeFile(path, old)
  const repository = openSqliteRepository(path, TASK)
  onTestFinished(() => repository.close())
  await expectReplayed(repository, old)
  expect(await repository.tasks.get(old.deleted.id)).toBeUndefined()
})
