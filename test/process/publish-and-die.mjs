// Publishes once and dies of SIGKILL at a command of that turn: publish-and-die.mjs URL NUMBER before|after
// Ends with 0, having published, when the turn has fewer commands.
import { MongoClient } from 'mongodb'
import { publish } from '../../dist/repository/mongo/publish.js'

const [, , url, number, moment] = process.argv
const client = await MongoClient.connect(url, { monitorCommands: true })
let count = 0

const die = () => process.kill(process.pid, 'SIGKILL')

// Told right before a command is sent, and right after it was answered.
client.on('commandStarted', () => {
  count += 1
  if (moment === 'before' && count === Number(number)) die()
})
client.on('commandSucceeded', () => {
  if (moment === 'after' && count === Number(number)) die()
})

await publish(client.db(), 1)
await client.close()
