import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { openMongoRepository } from '../dist/repository/mongo/open.js'
import { Refusal } from './refusal.mjs'

/** A database of the bench's own on the server of a connection string, whatever database that names. */
export const createMongoDatabase = (serverUrl) => {
  const name = `bench_${randomUUID().replaceAll('-', '')}`
  const [, server, options = ''] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(serverUrl) ?? []
  if (server === undefined) throw new Refusal('--database-url is no connection string of MongoDB')
  const url = `${server}/${name}${options}`

  return {
    url,
    connect: () => MongoClient.connect(url, { writeConcern: { w: 'majority', journal: true } }),
    openRepository: () => openMongoRepository(url),

    async drop() {
      const client = await MongoClient.connect(url)
      await client.db().dropDatabase()
      await client.close()
    },
  }
}
