// How alike two names are: as written, by sound, as nicknames. Pure.
import { normaliseString } from '../../search/normalise-string.ts';

export type Likeness = 'same' | 'nickname' | 'close' | 'sound' | 'initial' | 'somewhat' | 'different';

/** Groups of names that are used for one another; the first is the formal one. */
const NICKNAMES = `
abigail abby gail|albert al bert|alexander alex al sandy xander|alexandra alex sandra sandy lexi|alfred al fred|alice allie|allison ally
amanda mandy|andrew andy drew|angela angie|ann anne annie nan nancy|anthony tony|antonio tony tonio|arthur art|barbara barb babs barbie
benjamin ben benny|bernard bernie|beverly bev|bradley brad|calvin cal|carolyn carol carrie|catherine cathy kate katie cat katherine kathryn kathy kay kit
cecilia cissy celia|charles charlie chuck chas carlos|charlotte charlie lottie|christina chris tina christine chrissy|christopher chris kit topher
clifford cliff|cynthia cindy|daniel dan danny|david dave davey|deborah deb debbie debra|dennis denny|dolores lola|donald don donnie|dorothy dot dottie dolly
douglas doug|edward ed eddie ned ted teddy eduardo|eleanor ellie nell nora ella|elizabeth beth betsy betty eliza liz lizzie lisa libby elsie
emily em emmy|eugene gene|evelyn eve evie|florence flo|frances fran fanny|francis frank fran|franklin frank|frederick fred freddie fritz|gabriel gabe
gabrielle gabby|george georgie jorge|gerald gerry jerry|gilbert gil|gregory greg|guillermo memo william|harold hal harry|harriet hattie
helen nell nellie|henry hank harry hal enrique|herbert herb bert|ignacio nacho|isabella isabel bella izzy|jacob jake|jacqueline jackie
james jim jimmy jamie jaime|janet jan|jeffrey jeff|jennifer jen jenny|jeremiah jerry|jessica jess jessie|joan joanie|john jack johnny jon juan sean
jonathan jon nathan|joseph joe joey jose pepe|josephine jo josie|joshua josh|joyce joy|judith judy|julia julie jules|kenneth ken kenny|kimberly kim
lawrence larry laurence|leonard len leo lenny|leslie les|lillian lily lil|louis lou louie luis|louise lou|luke lucas|madeline maddie|marcus marc mark
margaret maggie meg peggy marge margie rita greta|maria mary mia|mary molly polly mamie|martha marty patty|martin marty|matthew matt matty
maximilian max|melissa mel missy|michael mike mick mickey miguel|michelle shelly|mildred millie|mitchell mitch|mohammed mohammad muhammad mohamed
nancy nan|natalie nat|nathaniel nate nathan nat|nicholas nick nicky|nicole nikki|olivia liv livvy|pamela pam|patricia pat patty tricia trish
patrick pat paddy|penelope penny|peter pete pedro|philip phil|phyllis phil|rachel rae|raymond ray ramon|rebecca becky|reginald reg reggie
richard rich rick ricky dick ricardo|robert bob bobby rob robbie bert roberto|roger rodge|ronald ron ronnie|rosemary rose rosie|roy leroy|russell russ
samantha sam|samuel sam sammy|sandra sandy|sarah sally sadie sara|sharon sherry|shirley shirl|sophia sophie|stanley stan|stephanie steph
stephen steve steven esteban|stuart stu|susan sue susie suzanne|sylvia syl|teresa terry tess theresa tessa|terrence terry|theodore ted teddy theo
thomas tom tommy tomas|timothy tim|valerie val|veronica ronnie vera|victor vic|victoria vicky tori|vincent vince vinny|virginia ginny
walter walt wally|wesley wes|wilhelmina mina willa|william bill billy will willy liam|zachary zach zack`;

const groupsOf = new Map<string, Set<number>>();
for (const [index, group] of NICKNAMES.trim().split(/[|\n]/).entries()) {
  for (const name of group.split(' ')) groupsOf.set(name, (groupsOf.get(name) ?? new Set()).add(index));
}

const isNickname = (a: string, b: string): boolean => {
  const groups = groupsOf.get(a);
  return groups !== undefined && [...(groupsOf.get(b) ?? [])].some((group) => groups.has(group));
};

/** All names that stand in a group with this one. */
export function nicknamesOf(name: string): string[] {
  const groups = groupsOf.get(name);
  if (groups === undefined) return [];
  return [...groupsOf]
    .filter(([other, own]) => other !== name && [...own].some((group) => groups.has(group)))
    .map(([other]) => other);
}

/** Without accents, case and punctuation; the parts of a double name are written together. */
export const plainName = (text: string): string => normaliseString(text).replaceAll(' ', '');

const CLOSE = 0.9;
const SOMEWHAT = 0.8;

export function likenessOf(a: string, b: string): Likeness {
  if (a === b) return 'same';
  if (a.length === 1 || b.length === 1) return a[0] === b[0] ? 'initial' : 'different';
  const similarity = jaroWinkler(a, b);
  if (similarity >= CLOSE) return 'close';
  if (isNickname(a, b)) return 'nickname';
  if (soundex(a) === soundex(b)) return 'sound';
  return similarity >= SOMEWHAT ? 'somewhat' : 'different';
}

/** 0 to 1. https://en.wikipedia.org/wiki/Jaro–Winkler_distance */
export function jaroWinkler(a: string, b: string): number {
  if (a === b) return 1;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const taken = new Array<boolean>(b.length).fill(false);
  const common: string[] = [];
  for (let i = 0; i < a.length; i++) {
    for (let j = Math.max(0, i - reach); j <= Math.min(b.length - 1, i + reach); j++) {
      if (taken[j] || a[i] !== b[j]) continue;
      taken[j] = true;
      common.push(a[i]!);
      break;
    }
  }
  if (common.length === 0) return 0;
  const inOrderOfB = [...b].filter((_, index) => taken[index]);
  const transposed = common.filter((letter, index) => letter !== inOrderOfB[index]).length / 2;
  const jaro = (common.length / a.length + common.length / b.length + (common.length - transposed) / common.length) / 3;
  let prefix = 0;
  while (prefix < 4 && a[prefix] !== undefined && a[prefix] === b[prefix]) prefix++;
  return jaro + prefix * 0.1 * (1 - jaro);
}

const SOUNDS: Readonly<Record<string, string>> = Object.fromEntries(
  ['bfpv', 'cgjkqsxz', 'dt', 'l', 'mn', 'r'].flatMap((letters, index) =>
    [...letters].map((letter) => [letter, String(index + 1)]),
  ),
);

/** https://www.archives.gov/research/census/soundex; of names in other scripts nothing but the first letter is known */
export function soundex(name: string): string {
  let code = name[0] ?? '';
  let last = SOUNDS[code];
  for (const letter of name.slice(1)) {
    const sound = SOUNDS[letter];
    if (sound !== undefined && sound !== last) code += sound;
    if (letter !== 'h' && letter !== 'w') last = sound;
  }
  return code.slice(0, 4).padEnd(4, '0');
}
