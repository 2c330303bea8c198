import type { Lexicon } from './lexicon.ts';

export const portuguese: Lexicon = {
  script: 'spaced',
  positive: `bom boa bons boas bem melhor melhores ótim* excelente* perfeit* maravilhos* fantástic* incríve* incrível
    lind* bonit* ador* amei amo gostei gosto content* feliz satisfeit* recomend* rápid* gentil* atencios* confortáve*
    confortável útil fácil firme resistente* sólid* qualidade estrelas nota agradáve* agradável top obrigad* vale
    impecáve* impecável novo eficiente* encant* silencios* barat* surpreend* comprari* máxima iguais`,
  negative: `mau má maus ruim ruins mal pior piores péssim* horríve* horrível terríve* terrível decepç* decepcion*
    quebr* quebrad* defeit* estrag* falt* erro erros problema* inútil inútei* lent* atras* car* cheiro fede danificad*
    fei* suj* barulhent* devolv* devolução reembolso infelizmente lixo enganos* frac* desper* menor parou frágil*
    vergonh* reclam* péssimo golpe arrepend* ninguém aberta`,
  negators: 'não nao nem nunca jamais nada sem nenhum* ninguém',
};
