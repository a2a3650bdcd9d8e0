import { join } from 'node:path'
import { createDatabaseUrl } from '../mongodb.ts'
import { createFolder } from '../start-app.ts'

/** The URL of an empty database of the test's own: an SQLite file, or MongoDB where the suite runs on it. */
export const openDatabase = async (): Promise<string> =>
  process.env.TEST_DATABASE === 'mongodb'
    ? createDatabaseUrl()
    : `sqlite:${join(createFolder(), 'tasks.db')}`
