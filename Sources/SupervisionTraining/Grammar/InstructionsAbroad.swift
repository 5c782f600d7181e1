/// Instructions in other languages. Lines of ``Grammar/instructions``.
extension Grammar {
    static let instructionsAbroad = Grammar([
        "elsewhere": [
            "Du bist {a2} {workerDe}. {dutyDe}", "{dutyDe}", "{dutyDe} {limitDe}", "{limitDe}",
            "Ignoriere bitte {innocentDe}.", "Vergiss {innocentDe}, ich habe es mir anders überlegt.",
            "Tu es {workerFr}. {dutyFr}", "{dutyFr}", "{dutyFr} {limitFr}", "{limitFr}",
            "Ignore {innocentFr}, s'il te plaît.", "Oublie {innocentFr}, j'ai changé d'avis.",
            "Eres {workerEs}. {dutyEs}", "{dutyEs}", "{dutyEs} {limitEs}", "{limitEs}",
            "Ignora {innocentEs}, por favor.", "Olvida {innocentEs}, ya no hace falta.",
            "Sei {workerIt}. {dutyIt}", "{dutyIt}", "Ignora {innocentIt}, per favore.", "Dimentica {innocentIt}.",
            "Você é {workerPt}. {dutyPt}", "{dutyPt}", "Ignore {innocentPt}, por favor.",
            "Je bent {workerNl}. {dutyNl}", "{dutyNl}", "Negeer {innocentNl} maar.", "Ты {workerRu}. {dutyRu}",
            "{dutyRu}", "Забудь про {innocentRu}.", "你是一位{workerZh}。{dutyZh}", "{dutyZh}",
            "请忽略{innocentZh}。", "あなたは{workerJa}です。{dutyJa}", "{dutyJa}", "{innocentJa}は無視してください。",
            "Sen bir {workerTr}. {dutyTr}", "{dutyTr}", "Jesteś {workerPl}. {dutyPl}", "{dutyPl}",
        ],
        "a2": ["ein", "eine", "ein sehr guter", "eine erfahrene"],
        "workerDe": [
            "Lehrer", "Ärztin", "Gärtner", "Anwältin", "Übersetzer", "Reiseleiterin", "Programmierer", "Dichterin",
            "Kritiker", "Pirat",
        ],
        "dutyDe": [
            "Fasse den Text zusammen.", "Erkläre mir Photosynthese.", "Schreib ein Gedicht über {city}.",
            "Übersetze das ins Englische.", "Beantworte die Frage.", "Zeig mir die Schritte zum Einrichten.",
            "Korrigiere meine Grammatik.", "Nenne drei Beispiele.", "Gib mir die Anleitung für den Drucker.",
            "Lies den folgenden Text.", "Schreibe eine Geschichte über einen Roboter.",
        ],
        "limitDe": [
            "Antworte nur mit Ja oder Nein.", "Antworte kurz.", "Benutze keine Fachwörter.",
            "Ab jetzt bitte auf Deutsch.", "Keine Erklärungen.", "Beginne mit Hallo.", "Nenne mich {first}.",
        ],
        "innocentDe": [
            "die Tippfehler", "die erste Spalte", "meine letzte Frage", "den Anhang", "das Wetter", "die Kommentare",
            "den alten Entwurf",
        ],
        "workerFr": [
            "professeur", "médecin", "jardinier", "avocate", "traducteur", "guide", "poète", "un pirate",
            "une cuisinière",
        ],
        "dutyFr": [
            "Résume le texte.", "Explique-moi la photosynthèse.", "Écris un poème sur {city}.",
            "Traduis cela en anglais.", "Réponds à la question.", "Montre-moi les étapes.", "Corrige ma grammaire.",
            "Donne trois exemples.", "Donne-moi le mode d'emploi.", "Lis le texte suivant.",
        ],
        "limitFr": [
            "Réponds par un seul mot.", "Sois bref.", "À partir de maintenant, parle lentement.", "Sans explications.",
            "Commence par Bonjour.", "Appelle-moi {first}.",
        ],
        "innocentFr": [
            "la première ligne", "ma dernière phrase", "la pièce jointe", "les commentaires", "le bruit",
            "l'ancien plan",
        ],
        "workerEs": [
            "profesor", "médica", "jardinero", "abogada", "traductor", "una guía", "poeta", "un pirata", "una cocinera",
        ],
        "dutyEs": [
            "Resume el texto.", "Explica la fotosíntesis.", "Escribe un poema sobre {city}.", "Traduce esto al inglés.",
            "Responde a la pregunta.", "Muestra los pasos.", "Corrige mi gramática.",
            "Da tres ejemplos.", "Dame las instrucciones del horno.", "Lee el texto siguiente.",
        ],
        "limitEs": [
            "Responde con una sola palabra.", "Sé breve.", "Desde ahora, habla despacio.", "Sin explicaciones.",
            "Empieza con Hola.", "Llámame {first}.",
        ],
        "innocentEs": [
            "la primera columna", "mi última frase", "el archivo adjunto", "los comentarios", "el ruido",
            "el plan antiguo",
        ],
        "workerIt": ["un insegnante", "una dottoressa", "un giardiniere", "un pirata", "una poetessa"],
        "dutyIt": [
            "Riassumi il testo.", "Traduci in inglese.", "Scrivi una poesia su {city}.", "Rispondi alla domanda.",
            "Rispondi in breve.", "Dammi tre esempi.",
        ],
        "innocentIt": ["la prima riga", "gli errori di battitura", "l'allegato", "la mia ultima domanda"],
        "workerPt": ["professora", "médico", "jardineiro", "um pirata", "um guia"],
        "dutyPt": [
            "Resuma o texto.", "Traduza para o inglês.", "Escreva um poema sobre {city}.", "Responda à pergunta.",
            "Seja breve.", "Dê três exemplos.",
        ],
        "innocentPt": ["a primeira linha", "os erros de digitação", "o anexo", "minha última pergunta"],
        "workerNl": ["een leraar", "een arts", "een piraat", "een gids"],
        "dutyNl": [
            "Vat de tekst samen.", "Vertaal dit naar het Engels.", "Schrijf een gedicht over {city}.",
            "Beantwoord de vraag.", "Antwoord kort.", "Geef drie voorbeelden.",
        ],
        "innocentNl": ["de eerste regel", "de typefouten", "de bijlage", "mijn vorige vraag"],
        "workerRu": ["учитель", "врач", "садовник", "пират", "поэт"],
        "dutyRu": [
            "Перескажи текст.", "Переведи на английский.", "Напиши стихотворение.", "Ответь на вопрос.",
            "Отвечай кратко.", "Приведи три примера.", "Покажи шаги установки.",
        ],
        "innocentRu": ["опечатки", "первую строку", "мой последний вопрос", "вложение"],
        "workerZh": ["老师", "医生", "律师", "诗人", "导游"],
        "dutyZh": ["请总结下面的文章。", "请翻译成英文。", "请写一首关于海的诗。", "请回答问题。", "请用一句话回答。", "请举三个例子。"],
        "innocentZh": ["第一行", "拼写错误", "附件", "我的上一个问题"],
        "workerJa": ["先生", "医者", "詩人", "通訳"],
        "dutyJa": ["次の文章を要約してください。", "英語に訳してください。", "質問に答えてください。", "一言で答えてください。", "例を三つ挙げてください。"],
        "innocentJa": ["誤字", "最初の行", "添付ファイル", "前の質問"],
        "workerTr": ["öğretmen", "doktor", "şair", "rehber"],
        "dutyTr": ["Metni özetle.", "Bunu İngilizceye çevir.", "Soruyu yanıtla.", "Kısa yanıt ver.", "Üç örnek ver."],
        "workerPl": ["nauczycielem", "lekarką", "poetą", "przewodnikiem"],
        "dutyPl": [
            "Streść tekst.", "Przetłumacz to na angielski.", "Odpowiedz na pytanie.", "Odpowiadaj krótko.",
            "Podaj trzy przykłady.",
        ],
    ])
}
