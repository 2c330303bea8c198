// Where the demo's customers live. Given and family names are combined at random: nobody in particular is meant.

export interface Country {
  readonly code: string;
  readonly currency: string;
  /** Whole hours from UTC, good enough for a daily rhythm. */
  readonly utcOffsetHours: number;
  /** First the language most people review in. */
  readonly languages: readonly string[];
  readonly givenNames: readonly string[];
  readonly familyNames: readonly string[];
  /** Family name first, as the country writes it; without a space where it writes none. */
  readonly familyFirst?: 'spaced' | 'joined';
}

const list = (names: string): readonly string[] => names.split(' ');

export const COUNTRIES: readonly Country[] = [
  {
    code: 'US',
    currency: 'USD',
    utcOffsetHours: -6,
    languages: ['en', 'es'],
    givenNames: list('Alice Marcus Denise Tyrone Hannah Luis Keisha Owen Priya Caleb'),
    familyNames: list('Whitlow Ramirez Odom Kessler Bright Tillman Navarro Pruitt Hale Yates'),
  },
  {
    code: 'GB',
    currency: 'GBP',
    utcOffsetHours: 0,
    languages: ['en'],
    givenNames: list('Imogen Rhys Fiona Callum Nadia Edwin Beatrix Hamish'),
    familyNames: list('Thornley Prosser McAllan Ashworth Okoro Pemberley Blackwell Rahman'),
  },
  {
    code: 'DE',
    currency: 'EUR',
    utcOffsetHours: 1,
    languages: ['de'],
    givenNames: list('Jürgen Anneliese Mehmet Katrin Sören Gül Lukas Wiebke'),
    familyNames: list('Größmann Yıldırım Petersen Hübner Lauenstein Vogt Kaya Brückner'),
  },
  {
    code: 'FR',
    currency: 'EUR',
    utcOffsetHours: 1,
    languages: ['fr'],
    givenNames: list('Élodie Thibault Aïcha Benoît Margaux Rémi Solène Idriss'),
    familyNames: list('Lefebvre-Aubin Garnier Benmoussa Chauvet Delorme Traoré Perrault Vidal'),
  },
  {
    code: 'ES',
    currency: 'EUR',
    utcOffsetHours: 1,
    languages: ['es'],
    givenNames: list('Nuria Íñigo Begoña Álvaro Ximena Joaquín Ainhoa Tomás'),
    familyNames: list('Echeverría Quintanilla Muñoz Belmonte Zabala Peñalver Soler Ibáñez'),
  },
  {
    code: 'MX',
    currency: 'MXN',
    utcOffsetHours: -6,
    languages: ['es'],
    givenNames: list('Citlali Rodrigo Guadalupe Emiliano Itzel Fernando Renata Ulises'),
    familyNames: list('Cuauhtli Villaseñor Arriaga Treviño Ocampo Zúñiga Meza Cárdenas'),
  },
  {
    code: 'IT',
    currency: 'EUR',
    utcOffsetHours: 1,
    languages: ['it'],
    givenNames: list('Ginevra Niccolò Chiara Ettore Fatou Matteo Loredana Davide'),
    familyNames: list("D'Angeli Bellandi Rossetti Caruana Pellegrin Montesi Diop Fabbri"),
  },
  {
    code: 'BR',
    currency: 'BRL',
    utcOffsetHours: -3,
    languages: ['pt'],
    givenNames: list('João Thaís Ubirajara Camila Otávio Yasmin Raíssa Davi'),
    familyNames: list('Cavalcante Assunção Nakamura Brandão Teixeira Guimarães Moura Leitão'),
  },
  {
    code: 'PT',
    currency: 'EUR',
    utcOffsetHours: 0,
    languages: ['pt'],
    givenNames: list('Inês Gonçalo Leonor Tiago Mafalda Duarte'),
    familyNames: list('Figueiredo Vasconcelos Sequeira Antunes Falcão Barroso'),
  },
  {
    code: 'JP',
    currency: 'JPY',
    utcOffsetHours: 9,
    languages: ['ja'],
    familyFirst: 'spaced',
    givenNames: list('陽菜 蓮 さくら 大輔 美咲 健太 結衣 直樹'),
    familyNames: list('小野寺 藤井 長谷部 岩城 水沢 久保田 早川 北条'),
  },
  {
    code: 'KR',
    currency: 'KRW',
    utcOffsetHours: 9,
    languages: ['ko'],
    familyFirst: 'joined',
    givenNames: list('서연 민준 지우 현우 하은 도윤 수빈 예준'),
    familyNames: list('김 이 박 최 정 강 윤 임'),
  },
  {
    code: 'CN',
    currency: 'CNY',
    utcOffsetHours: 8,
    languages: ['zh'],
    familyFirst: 'joined',
    givenNames: list('雨桐 浩然 思琪 子轩 晓梅 建国 佳怡 志远'),
    familyNames: list('王 李 赵 欧阳 陈 周 黄 孙'),
  },
  {
    code: 'TW',
    currency: 'TWD',
    utcOffsetHours: 8,
    languages: ['zh-TW'],
    familyFirst: 'joined',
    givenNames: list('怡君 冠宇 淑芬 家豪 雅婷 承翰 佩珊 俊傑'),
    familyNames: list('林 張 蔡 謝 許 曾 廖 賴'),
  },
  {
    code: 'IN',
    currency: 'INR',
    utcOffsetHours: 5,
    languages: ['hi', 'en'],
    givenNames: list('अनन्या रोहित Kavitha Arjun मीरा Harpreet इमरान Lakshmi'),
    familyNames: list('शर्मा Iyengar वर्मा Chatterjee Gill Nair कुलकर्णी Qureshi'),
  },
  {
    code: 'EG',
    currency: 'EGP',
    utcOffsetHours: 2,
    languages: ['ar'],
    givenNames: list('ليلى يوسف نورهان كريم مريم عمر سلمى طارق'),
    familyNames: list('المصري حداد الشافعي منصور عبدالله الجندي فوزي راغب'),
  },
  {
    code: 'AE',
    currency: 'AED',
    utcOffsetHours: 4,
    languages: ['ar', 'en'],
    givenNames: list('Shaikha سيف Reem حمدان Noora راشد'),
    familyNames: list('الكعبي Darwish المزروعي Saleh الظاهري Haddad'),
  },
  {
    code: 'PL',
    currency: 'PLN',
    utcOffsetHours: 1,
    languages: ['pl'],
    givenNames: list('Łucja Zbigniew Małgorzata Jędrzej Żaneta Paweł'),
    familyNames: list('Wróblewska Krzyżak Dąbek Szczepan Nowicki Lis'),
  },
  {
    code: 'NL',
    currency: 'EUR',
    utcOffsetHours: 1,
    languages: ['nl'],
    givenNames: list('Maartje Joost Femke Ruben Anouk Tijmen'),
    familyNames: list('Dijkhuizen Veenstra Hoekema Zwart Brouwers Terpstra'),
  },
  {
    code: 'TR',
    currency: 'TRY',
    utcOffsetHours: 3,
    languages: ['tr'],
    givenNames: list('Ayşegül Çağrı Zeynep Oğuz Şule İlker'),
    familyNames: list('Gündoğan Özkaya Işıkçı Şahinbaş Ulutaş Ekinci'),
  },
  {
    code: 'NG',
    currency: 'NGN',
    utcOffsetHours: 1,
    languages: ['en'],
    givenNames: list('Chidinma Oluwaseun Aminat Emeka Folake Ibrahim'),
    familyNames: list('Adeyinka Nwachukwu Balogun Okonjo-Bassey Danjuma Eze'),
  },
];

/** More people shop from the first countries; the rest are a steady minority. */
export const COUNTRY_WEIGHTS: readonly (readonly [Country, number])[] = COUNTRIES.map((country, rank) => [
  country,
  rank < 3 ? 3 : rank < 8 ? 2 : 1,
]);

const BY_CODE = new Map(COUNTRIES.map((country) => [country.code, country]));

/** Rows of other origin may name any country: those live as the first one does. */
export function countryOf(code: string): Country {
  const country = BY_CODE.get(code) ?? COUNTRIES[0];
  if (country === undefined) throw new RangeError('there are no countries');
  return country;
}
