using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using ImGateway.Acme.Protocol;

namespace ImGateway.Acme.Tests;

/// <summary>Whatever a CA sends becomes a fact with harmless values, or an <see cref="AcmeException"/>.</summary>
public sealed class HostileAnswerTests
{
    static readonly Uri Url = new("https://ca.test/thing");

    const string OrderJson =
        """
        {"status":"valid","expires":"2026-01-01T00:00:00Z","identifiers":[{"type":"dns","value":"a.test"}],"authorizations":["https://ca.test/z/1"],
         "finalize":"https://ca.test/f/1","certificate":"https://ca.test/c/1","profile":"p","error":{"type":"x","detail":"d","subproblems":[{"type":"y"}]}}
        """;

    const string AuthorizationJson =
        """
        {"status":"pending","expires":"2026-01-01T00:00:00Z","identifier":{"type":"dns","value":"a.test"},"wildcard":true,"challenges":[
          {"type":"http-01","url":"https://ca.test/h/1","status":"pending","token":"abc-_1"},
          {"type":"dns-persist-01","url":"https://ca.test/h/2","status":"pending","issuer-domain-names":["ca.test"]}]}
        """;

    const string DirectoryJson =
        """
        {"newNonce":"https://ca.test/1","newAccount":"https://ca.test/2","newOrder":"https://ca.test/3","revokeCert":"https://ca.test/4",
         "meta":{"profiles":{"p":"q"},"caaIdentities":["ca.test"],"externalAccountRequired":true,"termsOfService":"https://ca.test/t"}}
        """;

    const string RenewalJson = """{"suggestedWindow":{"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"},"explanationURL":"https://ca.test/w"}""";

    static readonly Gen<JsonNode?> AnyValue = Gen.OneOf<JsonNode?>(
        Gen.Const((JsonNode?)null),
        Gen.Int.Select(number => (JsonNode?)JsonValue.Create(number)),
        Gen.Bool.Select(flag => (JsonNode?)JsonValue.Create(flag)),
        Gen.String.Select(text => (JsonNode?)JsonValue.Create(text)),
        OneOf("http://ca.test/", "file:///etc/passwd", "https://", "https://u:p@ca.test/", "../../x", "\u001b[2J", "2026-99-99", "3", "Valid")
            .Select(text => (JsonNode?)JsonValue.Create(text)),
        Gen.Const(0).Select(_ => (JsonNode?)JsonValue.Create(new string('a', 100_000))),
        Gen.Const(0).Select(_ => (JsonNode?)new JsonArray(new JsonArray(), 7, null, "x", new JsonObject())),
        Gen.Const(0).Select(_ => (JsonNode?)new JsonObject { ["type"] = 1, ["value"] = new JsonArray() }));

    [Theory]
    [InlineData(OrderJson)]
    [InlineData(AuthorizationJson)]
    [InlineData(DirectoryJson)]
    [InlineData(RenewalJson)]
    public void One_changed_or_missing_value_anywhere_is_harmless(string json) =>
        Gen.Select(Gen.Int[0, 40], AnyValue, Gen.Bool).Sample((place, value, remove) =>
        {
            var changed = JsonNode.Parse(json)!;
            var places = Places(changed).ToList();
            var (parent, key) = places[place % places.Count];
            if (parent is JsonObject fields)
            {
                if (remove) fields.Remove((string)key);
                else fields[(string)key] = value?.DeepClone();
            }
            else
            {
                ((JsonArray)parent)[(int)key] = value?.DeepClone();
            }

            ParseAll(Encoding.UTF8.GetBytes(changed.ToJsonString()));
        });

    [Fact]
    public void Random_bytes_are_harmless() => Gen.Byte.Array[0, 200].Sample(ParseAll);

    [Fact]
    public void Damaged_JSON_is_harmless() =>
        Gen.Select(OneOf(OrderJson, AuthorizationJson, DirectoryJson, RenewalJson), Gen.Int[0, 1000], Gen.Byte).Sample((json, place, value) =>
        {
            var bytes = Encoding.UTF8.GetBytes(json);
            bytes[place % bytes.Length] = value;
            ParseAll(bytes);
        });

    [Fact]
    public void Deep_JSON_is_harmless() => ParseAll(Encoding.UTF8.GetBytes(new string('[', 500_000)));

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("a b")]
    [InlineData("a\r\nb")]
    [InlineData("")]
    [InlineData("ä")]
    public void A_token_in_another_alphabet_is_none(string token)
    {
        var json = JsonNode.Parse(AuthorizationJson)!;
        json["challenges"]![0]!["token"] = token;
        var authorization = Authorization.Parse(Answer(Encoding.UTF8.GetBytes(json.ToJsonString())), Url);
        Assert.Null(authorization.Challenges[0].Token);
    }

    [Fact]
    public void Tokens_are_bounded_and_checked_again_where_they_are_used()
    {
        Assert.True(AcmeToken.IsUsable(new string('a', 256)));
        Assert.False(AcmeToken.IsUsable(new string('a', 257)));
    }

    [Fact]
    public void Statuses_and_challenges_of_tomorrow_are_tolerated()
    {
        var json = JsonNode.Parse(AuthorizationJson.Replace("pending", "on-hold"))!;
        var authorization = Authorization.Parse(Answer(Encoding.UTF8.GetBytes(json.ToJsonString())), Url);
        Assert.Equal(AuthorizationStatus.Unknown, authorization.Status);
        Assert.Equal(("dns-persist-01", ChallengeStatus.Unknown, "ca.test"),
            (authorization.Challenges[1].Type, authorization.Challenges[1].Status, authorization.Challenges[1].IssuerDomainNames[0]));
    }

    [Fact]
    public void Details_are_cut() => Assert.InRange(CaText.Clean(new string('x', 1_000_000)).Length, 1000, 1002);

    [Theory]
    [InlineData("<https://ca.test/2>;rel=\"alternate\"", 1)]
    [InlineData("<https://ca.test/2>; rel=alternate, </3>;rel=\"alternate\"", 2)]
    [InlineData("<https://ca.test/dir>;rel=\"index\"", 0)]
    [InlineData("<http://ca.test/2>;rel=\"alternate\"", 0)]
    [InlineData("<<<>;rel=\"alternate\"", 0)]
    public void Only_usable_links_of_the_relation_are_followed(string header, int count) =>
        Assert.Equal(count, LinkHeader.Find([header], "alternate", Url).Count);

    [Fact]
    public void Old_nonces_make_room_for_fresh_ones()
    {
        var pool = new NoncePool();
        for (var i = 0; i < NoncePool.Capacity + 5; i++) pool.Put($"{i}");
        List<string?> taken = [];
        while (pool.Take() is { } nonce) taken.Add(nonce);
        Assert.Equal(NoncePool.Capacity, taken.Count);
        Assert.Equal(("20", "5"), (taken[0], taken[^1]));
    }

    static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    static void ParseAll(byte[] body)
    {
        Tolerate(() => AssertHarmless(Order.Parse(Answer(body), Url)));
        Tolerate(() => AssertHarmless(Authorization.Parse(Answer(body), Url)));
        Tolerate(() => AcmeDirectory.Parse(Answer(body)));
        Tolerate(() => RenewalInfo.Parse(Answer(body)));
        Tolerate(() => AccountInfo.Parse(Answer(body), Url));
        Assert.Null(PemChain.Clean(body));
        Assert.DoesNotContain((Answer(body) with { Status = 400 }).Refusal().Message, char.IsControl);
    }

    static void AssertHarmless(Order order)
    {
        foreach (var url in (Uri?[])[order.Finalize, order.Certificate, .. order.Authorizations])
        {
            if (url is not null) Assert.Equal(("https", ""), (url.Scheme, url.UserInfo));
        }

        Assert.DoesNotContain(order.Error?.ToString() ?? "", char.IsControl);
    }

    static void AssertHarmless(Authorization authorization)
    {
        Assert.DoesNotContain(authorization.Identifier.Value, char.IsControl);
        Assert.All(authorization.Challenges, challenge => Assert.True(challenge.Token is null || AcmeToken.IsUsable(challenge.Token)));
    }

    static void Tolerate(Action parse)
    {
        try
        {
            parse();
        }
        catch (AcmeException e)
        {
            Assert.DoesNotContain(e.Message, char.IsControl);
            Assert.InRange(e.Message.Length, 1, 500);
        }
    }

    static AcmeResponse Answer(byte[] body) => new("test", Url, 200, "application/json", body);

    static IEnumerable<(JsonNode Parent, object Key)> Places(JsonNode node)
    {
        IEnumerable<(object Key, JsonNode? Value)> children = node switch
        {
            JsonObject fields => fields.Select(field => ((object)field.Key, field.Value)),
            JsonArray elements => elements.Select((element, i) => ((object)i, element)),
            _ => [],
        };
        foreach (var (key, value) in children.ToList())
        {
            yield return (node, key);
            if (value is null) continue;
            foreach (var deeper in Places(value)) yield return deeper;
        }
    }
}
