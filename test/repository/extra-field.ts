import { join } from 'node:path'
import { text } from '#src/core/field.ts'
import { defineTable, type EntityOf } from '#src/core/field-table.ts'
import type { Repository } from '#src/core/repository.ts'
import { openMongoRepository } from '#src/repository/mongo/open.ts'
import { MIGRATIONS } from '#src/repository/sqlite/migrations.ts'
import { openSqliteRepository } from '#src/repository/sqlite/open.ts'
import { TASK, TASK_FIELDS, TASK_RULES } from '#src/task/task.ts'
import { createDatabaseUrl } from '../mongodb.ts'
import { createFolder } from '../start-app.ts'

const FIELDS = {
  ...TASK_FIELDS,
  assignee: text({
    description: 'Who does it.',
    min: 1,
    max: 100,
    nullable: true,
    filter: { by: 'any', of: 'assignees' },
    sort: true,
  }),
}

/** A task with one more field: this row, and the step below for SQLite, are all that it takes. */
export const EXTENDED = defineTable(FIELDS, {
  ...TASK_RULES,
  examples: {
    ...TASK_RULES.examples,
    entity: { ...TASK_RULES.examples.entity, assignee: 'ann' },
  },
})
export type Extended = EntityOf<typeof FIELDS>

const STEP = `
  ALTER TABLE tasks ADD COLUMN assignee TEXT;
  CREATE INDEX tasks_by_state_and_assignee ON tasks (status, priority, assignee);
  CREATE INDEX tasks_by_assignee ON tasks (assignee) WHERE assignee IS NOT NULL`
export const EXTENDED_MIGRATIONS = [...MIGRATIONS, STEP]

/** A database: opened as it is now, and as it was before the field. */
export interface Opened {
  before(): Promise<Repository>
  extended(): Promise<Repository>
}

export const newSqlite = (): Opened => {
  const path = join(createFolder(), 'tasks.db')
  return {
    before: async () => openSqliteRepository(path, TASK),
    extended: async () => openSqliteRepository(path, EXTENDED, EXTENDED_MIGRATIONS),
  }
}

export const newMongo = async (): Promise<Opened> => {
  const url = await createDatabaseUrl()
  return {
    before: () => openMongoRepository(url, TASK),
    extended: () => openMongoRepository(url, EXTENDED),
  }
}
