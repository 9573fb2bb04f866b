using System.Reflection;
using ImGateway.Edge.Certificates.Audit;
using Microsoft.Extensions.Logging;

namespace ImGateway.Edge.Tests.Layout;

/// <summary>Who alerts on events does so by category and id: together they mean one event.</summary>
public sealed class LogEventTests
{
    const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    [Fact]
    public void No_two_events_of_a_category_have_the_same_id()
    {
        var events = (from type in typeof(EdgeApplication).Assembly.GetTypes()
                      from method in type.GetMethods(All)
                      let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
                      where attribute is not null
                      // An event without an id of its own has one that is made of its name.
                      let id = attribute.EventId >= 0 ? $"{attribute.EventId}" : attribute.EventName ?? method.Name
                      select (Category: CategoryOf(type), Id: id, Name: $"{type.Name}.{method.Name}")).ToList();
        Assert.True(events.Count > 50, $"only {events.Count} events were found");

        Assert.Empty(
            from one in events
            group one.Name by (one.Category, one.Id) into same
            where same.Count() > 1
            select $"{same.Key.Category} {same.Key.Id}: {string.Join(", ", same.Order(StringComparer.Ordinal))}");
    }

    /// <summary>Each class logs under its own name, but for the audit log.</summary>
    static string CategoryOf(Type type)
    {
        var loggers = type.GetFields(All).Select(field => field.FieldType)
            .Concat(type.GetConstructors(All).SelectMany(constructor => constructor.GetParameters()).Select(parameter => parameter.ParameterType))
            .Where(typeof(ILogger).IsAssignableFrom).ToList();
        if (type == typeof(AuditLog)) return AuditLog.Category;
        Assert.True(loggers.Contains(typeof(ILogger<>).MakeGenericType(type)), $"{type}: does not log under its own name");
        return type.FullName!;
    }
}
