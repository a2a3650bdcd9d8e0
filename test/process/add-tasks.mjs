// node add-tasks.mjs FILE TITLE…: adds tasks to a database that no service has open.
// A process of its own: on Node 20 a database is not let go of before its process ends.
import { API_ACTOR, newOperationId } from '../../dist/core/context.js'
import { openSqliteRepository } from '../../dist/repository/sqlite/open.js'
import { TASK } from '../../dist/task/task.js'
import { createTaskService } from '../../dist/task/task-service.js'
import { createUuids } from '../../dist/uuid-v7.js'

const [file, ...titles] = process.argv.slice(2)
const repository = openSqliteRepository(file, TASK)
const newId = createUuids(await repository.tasks.maxId())
const service = createTaskService({ table: TASK, repository, newId })
const context = { actor: API_ACTOR, operationId: newOperationId(), now: Date.now }
for (const title of titles) await service.create(context, { title, labels: ['a'] })
await repository.close()
