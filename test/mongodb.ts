import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { onTestFinished } from 'vitest'

/** The server that the tests of MongoDB run on: CONTRIBUTING says how to have one. */
export const serverUrl = (): string => {
  const url = process.env.TEST_MONGODB_URL
  if (url === undefined || url === '')
    throw new Error('TEST_MONGODB_URL is not set: CONTRIBUTING says how to have a server')
  return url
}

/** The URL of a database of the test's own, which is dropped when it ends. */
export const createDatabaseUrl = async (): Promise<string> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  onTestFinished(async () => {
    const client = await MongoClient.connect(serverUrl())
    await client.db(name).dropDatabase()
    await client.close()
  })
  return withDatabase(serverUrl(), name)
}

/** The same server and options, another database. */
export const withDatabase = (url: string, name: string): string => {
  const [, server, options = ''] =
    /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(url) ?? []
  if (server === undefined) throw new Error('TEST_MONGODB_URL is no connection string')
  return `${server}/${name}${options}`
}
