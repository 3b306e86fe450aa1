// Check a proof of dibs with nothing but Node 20: node verify.mjs proof.json 'name+id+base64key'.  README.md says what is checked.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const need = (holds, otherwise) => { if (!holds) throw new Error(otherwise) }
const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const decoded = (text, form) => {
  need(Buffer.from(text, form).toString(form) === text, 'a digest, a salt, a key or a signature is not written as one')
  return Buffer.from(text, form)
}
const byte = n => Buffer.from([n])

function included (leaf, index, size, path, root) { // RFC 9162, 2.1.3.2
  let node = sha(byte(0), leaf)
  let last = size - 1
  for (const sibling of path.map(hex => decoded(hex, 'hex'))) {
    need(last > 0, 'a path is too long')
    const right = index % 2 === 1 || index === last
    node = right ? sha(byte(1), sibling, node) : sha(byte(1), node, sibling)
    while (right && index % 2 === 0 && index > 0) [index, last] = [index / 2, Math.floor(last / 2)]
    ;[index, last] = [Math.floor(index / 2), Math.floor(last / 2)]
  }
  return last === 0 && node.equals(root)
}

function signedText (note, key) { // c2sp.org/signed-note
  const [, name, id, encoded] = key.match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/s) ?? need(false, 'the key is none')
  const bytes = decoded(encoded, 'base64')
  need(sha(name, '\n', bytes).toString('hex').startsWith(id) && bytes[0] === 1 && bytes.length === 33, 'the key is none')
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const end = note.lastIndexOf('\n\n') + 1
  const lines = note.slice(end + 1).split('\n').filter(line => line.startsWith(`\u2014 ${name} `))
  const signatures = lines.map(line => decoded(line.split(' ')[2], 'base64')).filter(s => s.toString('hex', 0, 4) === id)
  const text = Buffer.from(note.slice(0, end))
  need(signatures.length && signatures.every(s => verify(null, text, publicKey, s.subarray(4))), 'the head is not signed by this key')
  need(note.startsWith(name + '\n'), 'the head is that of another book')
  return note.split('\n')
}

function opened (entry, size, root) { // what an entry shows, if it is in the book
  const leaf = JSON.parse(entry.leaf)
  need(leaf.seq >= 0 && leaf.seq < size && included(entry.leaf, leaf.seq, size, entry.path, root), `entry ${leaf.seq} is not in the book`)
  const binds = (part, text) => sha(byte(2), decoded(part.salt, 'hex'), text).toString('hex')
  let commitments = [leaf.command, ...leaf.events]
  return entry.shown.map(item => {
    const place = commitments.indexOf(binds(item, item.text))
    need(place >= 0, `entry ${leaf.seq} does not hold what is shown`)
    commitments = commitments.slice(place + 1)
    const text = item.values.reduce((shown, value) => {
      const parts = shown.split(`{"hidden":"${binds(value, value.value)}"}`)
      need(parts.length === 2, `entry ${leaf.seq} does not hide what is shown`)
      return parts.join(value.value)
    }, item.text)
    return { seq: leaf.seq, agreement: leaf.agreement, said: { at: leaf.at, ...JSON.parse(text) } }
  })
}

function check (bundle, key) {
  need(bundle.dibs === 'proof/1', 'it is no proof/1')
  const [, size, root] = signedText(bundle.head, key)
  const steps = bundle.entries.flatMap(entry => opened(entry, Number(size), decoded(root, 'base64')))
  const order = bundle.entries.map(entry => JSON.parse(entry.leaf).seq)
  need(order.every((seq, n) => n === 0 || seq > order[n - 1]), 'the entries are not in their order')
  const used = [...new Set(steps.map(step => step.agreement))].join()
  need(used === bundle.agreements.map(text => sha(text).toString('hex')).join(), 'the agreements are not those that counted')
  const granted = steps.at(-1).said
  need(granted.type === 'Granted' && granted.grant === bundle.grant, 'it does not end with the grant')
  const [offers, taken, bound, free] = [new Map(), new Set(), ['RequestHeld', 'OfferServed', 'ReofferDue', 'RightRevived'], ['RightEnded', 'RightWaived', 'Ruled']]
  let market = Infinity
  for (const { seq, said } of steps.slice(0, -1)) {
    const [what, offer, request] = [said.type, said.offer ?? '', said.request?.id ?? said.request]
    need(what === 'Wake' || request === granted.request || (request === undefined && offers.has(offer)), `entry ${seq} speaks of another need`)
    if (['ServeNotice', 'OfferServed', 'OfferTolled', 'RoundOpened'].includes(what)) offers.set(offer, said.respond_by ?? said.until ?? 0)
    else if (offer && ['RightExercised', 'RightDeclined', 'RightCountered', 'RightLapsed', 'RightWaived'].includes(what)) {
      const late = said.at >= offers.get(offer) + (['RightExercised', 'RightWaived'].includes(what) ? 1 : 0)
      need(late === (what === 'RightLapsed'), `entry ${seq} is an answer out of its time`)
    }
    if (['RightExercised', 'CounterAccepted'].includes(what)) taken.add(offer)
    market = what === 'MarketOpened' ? said.until : bound.includes(what) ? 0 : free.includes(what) ? Infinity : market
  }
  const covers = granted.from_cover && steps.some(({ said }) => said.type === 'HolderDefaulted')
  const spares = ['consented', 'exempt', 'on_holder_platform', 'overridden', 'sub_supply_counts', 'suspended']
  const spared = granted.because?.some(({ code }) => spares.includes(code))
  need(granted.offer ? taken.has(granted.offer) : covers || spared || granted.at < market, 'it was granted while the holder had the first word')
  return steps
}

try {
  const bundle = JSON.parse(readFileSync(process.argv[2], 'utf8'))
  const steps = check(bundle, process.argv[3].trim())
  for (const { seq, said } of steps) {
    const facts = ['offer', 'holder', 'quantity', 'host', 'reason'].filter(k => said[k]).map(k => ` ${k}=${said[k]}`)
    console.log(`entry ${seq} ${said.type} ${new Date(said.at * 1000).toISOString().slice(0, 19)}Z${facts.join('')}`)
  }
  console.log(`grant ${bundle.grant} holds under the key of ${process.argv[3].split('+')[0]}; the agreement's SHA-256 is ${steps.at(-1).agreement}`)
} catch (error) {
  console.error(`the proof does not hold: ${error.message}`)
  process.exitCode = 1
}
