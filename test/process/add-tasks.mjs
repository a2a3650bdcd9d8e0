// node add-tasks.mjs FILE TITLE…: adds tasks to a database that no service has open.
// A process of its own: on Node 20 a database is not let go of before its process ends.
import { createTaskService } from '../../dist/core/task-service.js'
import { openSqliteRepository } from '../../dist/repository/sqlite/open.js'
import { TASK } from '../../dist/task/task.js'
import { createTaskIds } from '../../dist/task-ids.js'

const [file, ...titles] = process.argv.slice(2)
const repository = openSqliteRepository(file, TASK)
const service = createTaskService({
  table: TASK,
  repository,
  now: Date.now,
  newId: createTaskIds(await repository.newestId()),
})
for (const title of titles) await service.create({ title, labels: ['a'] }, 'test')
await repository.close()
