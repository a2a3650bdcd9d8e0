import { BSON, type Document, type IndexDescription, MongoClient } from 'mongodb'
import { createDatabaseUrl } from '../mongodb.ts'
import { testMigratedLinks } from './migrated-links.ts'
import { testMigratedTasks } from './migrated-tasks.ts'
import { type Recorded, readFixture } from './recorded-answers.ts'

interface Collection {
  readonly indexes: IndexDescription[]
  readonly documents: Document[]
}

/** Extended JSON keeps the types of numbers and dates as 0.1.0 wrote them. */
const readCollections = (): Record<string, Collection> =>
  BSON.EJSON.parse(readFixture('mongodb.json'), { relaxed: false })

const load = async (): Promise<string> => {
  const url = await createDatabaseUrl()
  const client = await MongoClient.connect(url)
  await Promise.all(
    Object.entries(readCollections()).map(async ([name, { indexes, documents }]) => {
      const collection = client.db().collection(name)
      if (indexes.length > 0) await collection.createIndexes(indexes)
      await collection.insertMany(documents)
    }),
  )
  await client.close()
  return url
}

const recorded = JSON.parse(readFixture('mongodb-expected.json')) as Recorded

testMigratedTasks(load, recorded)
testMigratedLinks(load, recorded)
