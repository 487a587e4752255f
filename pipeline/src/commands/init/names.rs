//! What columns are called in the systems of this world.
//!
//! Names are compared without case, accents, blanks and signs. The lists are in English, German,
//! French, Spanish, Italian, Dutch, Chinese, Japanese and Korean, names separated by blanks.

/// What columns for one thing are called, the likeliest name first.
#[derive(Clone, Copy, Debug)]
pub struct Role(&'static str);

/// Endings that say no more than that a column holds a key.
const KEY_ENDINGS: &[&str] = &[
    "id", "no", "nr", "num", "number", "nummer", "code", "key", "編号", "编号", "编码", "代码",
    "号", "id号",
];

/// How well a column's name says that it has a role: 0 for not at all, 3 for exactly.
pub fn fit(role: &Role, column: &str) -> f64 {
    let name = fold(column);
    let known = || role.0.split_whitespace();
    if let Some(place) = known().position(|known| known == name) {
        // Earlier names are likelier ones.
        return 3.0 - place as f64 * 0.002;
    }
    let stem = KEY_ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending));
    if let Some(stem) = stem.filter(|stem| stem.chars().count() > 1)
        && known().any(|known| known == stem)
    {
        return 2.5;
    }
    let long = |known: &&str| known.chars().count() >= if known.is_ascii() { 5 } else { 2 };
    let within = |known: &str| name.starts_with(known) || name.ends_with(known);
    match known().filter(long).any(within) {
        true => 1.5,
        false => 0.0,
    }
}

/// Whether a column's name speaks of time.
pub fn is_timely(column: &str) -> bool {
    let name = fold(column);
    let words = ["time", "stamp", "epoch", "unix", "zeit", "时间", "日時"];
    name == "ts" || words.iter().any(|word| name.contains(word)) || fit(&TIME, column) > 2.0
}

/// A name without case, accents, blanks and signs.
pub fn fold(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            'ñ' => 'n',
            'ß' => 's',
            other => other,
        })
        .collect()
}

pub const CUSTOMER: Role = Role(
    "customerid customeruniqueid customer custid cust customerno customernumber customerkey \
     customercode clientid client userid user memberid member householdid household householdkey \
     hshdnum buyerid buyer shopperid shopper consumerid personid visitorid accountid account \
     cardid cardno cardnumber loyaltyid loyaltycard kunde kundennr kundennummer kundenid kundenno \
     idclient codeclient numeroclient numclient noclient acheteur cliente clienteid idcliente \
     codigocliente numerocliente codicecliente klant klantnummer klantid 客户 客户id 客户编号 客户号 客户代码 顾客 \
     顾客id 顾客编号 会员 会员id 会员编号 会员号 会员卡号 用户 用户id 用户编号 买家 买家id 买家会员名 顧客 顧客id 顧客番号 会員id 会員番号 お客様番号 고객 \
     고객id 고객번호 회원번호",
);

pub const TIME: Role = Role(
    "occurredat invoicedate orderdate orderpurchasetimestamp purchasedate purchasedat \
     transactiondate transactiontimestamp transactiontime orderedat orderedon ordertime \
     ordertimestamp saledate salesdate dateofpurchase eventtime eventtimestamp eventdate \
     timestamp datetime date redemptiondate reviewcreationdate paymentdate visitdate contactdate \
     responsedate startdate time day when createdat created creationdate bestelldatum kaufdatum \
     rechnungsdatum belegdatum auftragsdatum buchungsdatum verkaufsdatum datum zeitpunkt \
     zeitstempel zeit datecommande dateachat datefacture datevente datetransaction horodatage \
     fecha fechacompra fechapedido fechafactura fechaventa fechahora data dataacquisto dataordine \
     besteldatum aankoopdatum 下单时间 下单日期 订单时间 订单日期 购买时间 购买日期 交易时间 交易日期 销售日期 销售时间 消费时间 消费日期 支付时间 \
     付款时间 订单付款时间 创建时间 日期 时间 注文日時 注文日 購入日時 購入日 日時 日付 주문일 주문일시 구매일 날짜",
);

pub const BASKET: Role = Role(
    "basketid basket invoiceno invoice invoiceid invoicenumber orderid order orderno ordernumber \
     transactionid transaction receiptid receipt receiptno receiptnumber checkoutid ticketid \
     ticket billno billid cartid tripid bon bonnr bonnummer belegnr beleg belegnummer rechnungsnr \
     rechnung rechnungsnummer bestellnr bestellung bestellnummer auftragsnr auftrag \
     auftragsnummer commande numerocommande nocommande idcommande facture numerofacture pedido \
     idpedido numeropedido factura numerofactura ordine scontrino bestelnummer 订单 订单号 订单编号 订单id \
     小票号 小票 单号 交易号 流水号 注文番号 注文id 주문번호",
);

pub const PRODUCT: Role = Role(
    "productid productcode productno productnumber sku skuid stockcode itemid itemcode itemno \
     itemnumber articleid articleno articlenumber upc ean gtin materialid asin variantid product \
     item article material artikelnr artikelnummer artikelid produktnr produktid produktnummer \
     artikel produkt refarticle codearticle codeproduit idproduit referenceproduit reference \
     produit codigoarticulo codigoproducto idproducto articulo producto codiceprodotto prodotto \
     articolo 商品id 商品编号 商品编码 商品代码 商品号 货号 产品id 产品编号 产品编码 sku编码 商品 产品 商品コード 商品番号 상품코드 상품번호 상품",
);

pub const ACTIVE: Role = Role(
    "active isactive productactive available isavailable availability instock onsale forsale \
     published ispublished listed islisted enabled aktiv istaktiv lieferbar verfugbar verfuegbar \
     actif disponible activo attivo disponibile actief leverbaar 在售 是否在售 上架 是否上架 有货 是否有货 販売中 판매중",
);

pub const QUANTITY: Role = Role(
    "quantity qty quantitysold orderquantity itemquantity unitssold units pieces numitems count \
     menge anzahl stuck stueck stuckzahl stueckzahl quantite qte nombre cantidad cant unidades \
     quantita aantal 数量 购买数量 销售数量 件数 个数 数 수량",
);

pub const AMOUNT: Role = Role(
    "amount salesvalue linetotal lineamount totalprice totalamount amountpaid paid \
     transactionamount salesamount netamount netsales revenue sales turnover spend spent \
     amt txnamt transamt trxamt purchaseamt salesamt orderamt totalamt netamt totalsales grossamount paymentvalue ordervalue ordertotal total value subtotal zeilenbetrag \
     gesamtpreis gesamtbetrag positionsbetrag betrag umsatz summe nettobetrag bruttobetrag gesamt \
     montant montanttotal montantttc prixtotal chiffreaffaires importe importetotal monto importo \
     totale bedrag omzet totaal 金额 总金额 订单金额 实付金额 支付金额 付款金额 消费金额 成交金额 销售额 销售金额 买家实际支付金额 总价 売上 売上金額 \
     金額 금액 판매금액",
);

pub const PRICE: Role = Role(
    "unitprice priceperunit itemprice price sellingprice saleprice saleamount einzelpreis \
     stuckpreis stueckpreis preis vkpreis prixunitaire prix preciounitario precio prezzounitario \
     prezzo prijs stukprijs 单价 价格 售价 商品单价 単価 価格 단가 가격",
);

pub const DISCOUNT: Role = Role(
    "discount discountamount retaildisc rabatt rabattbetrag nachlass remise descuento sconto \
     korting 折扣金额 优惠金额 优惠 割引 할인",
);

pub const COST: Role =
    Role("cost linecost cogs totalcost kosten wareneinsatz cout coste costo 成本 成本金额");

pub const LOCATION: Role = Role(
    "storeid store storecode storeno storenumber shopid shop branchid branch locationid location \
     outlet filialnr filiale filialnummer filialid markt marktnr magasin idmagasin tienda \
     idtienda sucursal negozio winkel 门店id 门店 门店编号 店铺id 店铺 店舗 店舗コード 매장",
);

pub const CHANNEL: Role = Role(
    "channel saleschannel orderchannel kanal vertriebskanal verkaufskanal canal canale 渠道 销售渠道 \
     购买渠道 チャネル 채널",
);

pub const CAMPAIGN: Role = Role(
    "campaignid campaign campaigncode campaignno kampagnenid kampagne kampagnennr aktionsnr \
     campagne idcampagne campana idcampana campagna 活动id 活动 活动编号 营销活动 キャンペーン",
);

pub const CURRENCY: Role = Role(
    "currency currencycode curr ccy iso4217 ordercurrency transactioncurrency wahrung waehrung \
     wahrungscode devise codedevise moneda divisa valuta 币种 货币 通貨 통화",
);

pub const RATING: Role = Role(
    "rating reviewscore score stars nps satisfaction bewertung note puntuacion calificacion voto \
     评分 评价分 満足度 평점",
);

pub const KIND: Role = Role(
    "kind interactiontype eventtype event activitytype activity interaction transactiontype \
     vorgangsart vorgang 类型 事件类型 行为类型",
);

pub const JOINED: Role = Role(
    "joinedat joined joindate signupdate signedupat registrationdate registeredat membersince \
     customersince enrollmentdate firstpurchasedate createdat kundeseit registriertam \
     anmeldedatum beitrittsdatum eintrittsdatum dateinscription clientdepuis fecharegistro \
     fechaalta 注册时间 注册日期 加入日期 入会日期 入会时间 开卡日期 入会日 登録日 가입일",
);

pub const CONSENT: Role = Role(
    "consent optin marketingoptin emailoptin marketingconsent acceptsmarketing contactallowed \
     maycontact newsletter einwilligung werbeeinwilligung werbeerlaubnis consentement optinemail \
     consentimiento 同意 同意营销 是否同意营销 接受营销 同意フラグ",
);

/// Who left.
pub const LEFT: Role = Role(
    "churn churned churnlabel churnflag churnvalue ischurn ischurned haschurned churnstatus attrition \
     attritionflag attrited left hasleft exited cancelled canceled iscancelled abgewandert \
     gekuendigt gekundigt kundigung resilie resiliation baja abandono abbandono opgezegd 流失 \
     是否流失 解約 離脱 해지 이탈",
);

pub const NAME: Role = Role(
    "productname itemname name title label productdescription itemdescription description \
     campaignname bezeichnung artikelbezeichnung artikelname produktname beschreibung artikeltext \
     kampagnenname libelle designation nom nomproduit intitule nombre nombreproducto descripcion \
     nome descrizione naam omschrijving 商品名称 产品名称 商品名 产品名 品名 名称 商品标题 活动名称 製品名 상품명",
);

pub const DEPARTMENT: Role = Role(
    "department departmentname dept division shelf abteilung bereich sparte rayon departement \
     departamento reparto afdeling 部门 大类 一级分类 一级类目 一级品类 departmentid 部門",
);

pub const CATEGORY: Role = Role(
    "category productcategory categoryname productcategoryname productcategorynameenglish \
     itemcategory commodity aisle warengruppe kategorie artikelgruppe sortiment categorie famille \
     categoria familia 类别 分类 品类 类目 商品类别 商品分类 商品品类 二级分类 二级类目 中类 categoryid aisleid カテゴリ カテゴリー 카테고리",
);

pub const TYPE: Role = Role(
    "type producttype itemtype subcategory subcommodity subclass productgroup productsubcategory \
     unterkategorie warenuntergruppe produktgruppe produkttyp artikelart souscategorie \
     sousfamille typeproduit subcategoria tipo sottocategoria 小类 子类 三级分类 三级类目 细分类 サブカテゴリ",
);

pub const BRAND: Role = Role(
    "brand brandname manufacturer vendor marke hersteller marque fabricant marca fabricante merk \
     品牌 商品品牌 品牌名称 ブランド 브랜드",
);

pub const UNIT_COST: Role = Role(
    "unitcost costprice purchaseprice standardcost cost einkaufspreis ekpreis ek einstandspreis \
     prixachat preciocoste preciocompra costounitario inkoopprijs 进价 进货价 成本价 成本 仕入価格 原価 원가",
);

pub const STARTS: Role = Role(
    "startson startdate startday start begindate begin validfrom startdatum beginn von gultigab \
     datedebut debut fechainicio inicio datainizio inizio 开始日期 开始时间 開始日",
);

pub const ENDS: Role = Role(
    "endson enddate endday end finishdate validto enddatum ende bis gultigbis datefin fin \
     fechafin datafine fine 结束日期 结束时间 終了日",
);

pub const CAMPAIGN_KIND: Role = Role(
    "campaigntype kind type art kampagnenart kampagnentyp typecampagne tipocampana tipo 活动类型 类型",
);

pub const CAMPAIGN_COST: Role = Role("cost budget spend kosten cout coste costo 成本 费用 预算");

/// What a file of interactions other than purchases is called, and the kind of what is in it.
pub const KINDS_BY_FILE: &[(&str, &str)] = &[
    (
        "return",
        "return refund cancel storn annul retour ruckgabe rueckgabe devolucion reso 退货 取消 返品",
    ),
    (
        "complaint",
        "complaint claim reklamation beschwerde reclamation queja reclamo 投诉",
    ),
    (
        "service_call",
        "call support service anruf appel llamada 客服",
    ),
    ("visit", "visit session besuch visite visita pageview 访问"),
    (
        "response",
        "respon redempt redeem click antwort einlosung reponse respuesta 响应 核销",
    ),
    ("contact", "contact mailing kontakt envio sent 触达"),
    (
        "survey",
        "survey review nps umfrage bewertung enquete avis encuesta 问卷 评价",
    ),
    ("payment", "payment zahlung paiement pago 支付 付款"),
    (
        "consent",
        "consent einwilligung consentement consentimiento 同意记录",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_without_case_accents_and_signs() {
        assert_eq!(fold("Customer ID"), "customerid");
        assert_eq!(fold("Quantité_totale"), "quantitetotale");
        for (role, name) in [
            (CUSTOMER, "Customer ID"),
            (CUSTOMER, "household_id"),
            (CUSTOMER, "Kunden-Nr."),
            (CUSTOMER, "会员编号"),
            (PRODUCT, "StockCode"),
            (BASKET, "InvoiceNo"),
            (TIME, "order_purchase_timestamp"),
            (QUANTITY, "Stück"),
            (AMOUNT, "AMT"),
            (AMOUNT, "txn_amt"),
            (PRICE, "UnitPrice"),
        ] {
            assert!(fit(&role, name) >= 2.5, "{name} is none of {role:?}");
        }
        assert_eq!(fit(&CUSTOMER, "price"), 0.0);
        assert!(fit(&CUSTOMER, "customer_city") < 2.0);
    }
}
